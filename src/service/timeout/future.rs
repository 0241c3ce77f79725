//! A call that is bounded in time.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use pin_project_lite::pin_project;

use crate::{Error, ErrorKind, Result};

pin_project! {
    /// The answer of a [`Timeout`](super::Timeout) service.
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub struct TimeoutFuture<F> {
        #[pin]
        call: tokio::time::Timeout<F>,
        operation: Arc<str>,
        after: Duration,
    }
}

impl<F: Future> TimeoutFuture<F> {
    pub(super) fn new(call: F, operation: Arc<str>, after: Duration) -> Self {
        Self { call: tokio::time::timeout(after, call), operation, after }
    }
}

impl<F, Response> Future for TimeoutFuture<F>
where
    F: Future<Output = Result<Response>>,
{
    type Output = Result<Response>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        Poll::Ready(ready!(this.call.poll(cx)).unwrap_or_else(|_elapsed| {
            let context = format!("{}: no answer within {:?}", this.operation, this.after);
            Err(Error::new(ErrorKind::Timeout, context))
        }))
    }
}
