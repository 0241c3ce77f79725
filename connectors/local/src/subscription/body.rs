//! The body of an answer that lasts as long as its subscription.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body, Frame};
use tokio::time::{Instant, Sleep, sleep};

use super::feed::{Feed, Step};
use super::frame;
use crate::endpoint::Endpoint;
use crate::format::Format;
use crate::ops::Subscribed;
use crate::reset::ConnectionReset;

/// The longest wait without another look, so that no setting reaches beyond what an instant can hold.
const LONGEST_WAIT: Duration = Duration::from_hours(24);

/// Events as a body. It makes one when it is polled and holds none: who does not read gets nothing read for it.
#[derive(Debug)]
pub(crate) struct EventBody {
    feed: Feed,
    format: Format,
    timer: Pin<Box<Sleep>>,
    greeted: bool,
    breaking: bool,
}

impl EventBody {
    pub(crate) fn new(endpoint: Arc<Endpoint>, subscribed: Subscribed, format: Format) -> Self {
        Self {
            feed: Feed::new(endpoint, subscribed),
            format,
            timer: Box::pin(sleep(Duration::ZERO)),
            greeted: false,
            breaking: false,
        }
    }
}

impl Body for EventBody {
    type Data = Bytes;
    type Error = ConnectionReset;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, ConnectionReset>>> {
        let this = self.get_mut();
        if !this.greeted {
            this.greeted = true;
            return Poll::Ready(Some(Ok(Frame::data(frame::initial_response(this.format)))));
        }
        if this.breaking {
            this.breaking = false;
            return Poll::Ready(Some(Err(ConnectionReset)));
        }
        this.feed.register(cx.waker());
        loop {
            let now = this.feed.now();
            let message = match this.feed.step(now) {
                Step::Event(reading, continuation) => frame::event(&reading, continuation, this.format),
                Step::Exception(error) => frame::exception(&error, this.format),
                Step::Reset => {
                    // What was sent before is on its way: a server that sees the error drops what it still holds.
                    this.breaking = true;
                    cx.waker().wake_by_ref();
                    return Poll::Pending;
                }
                Step::End => return Poll::Ready(None),
                Step::Wait(None) => return Poll::Pending,
                Step::Wait(Some(until)) => {
                    let wait = Duration::from_millis(until.saturating_sub(now));
                    this.timer.as_mut().reset(Instant::now() + wait.min(LONGEST_WAIT));
                    ready!(this.timer.as_mut().poll(cx));
                    continue;
                }
            };
            return Poll::Ready(Some(Ok(Frame::data(message))));
        }
    }
}
