//! The keyed stage as a stream.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures::Stream;
use futures::stream::FusedStream;
use pin_project_lite::pin_project;

use crate::message::describe;
use crate::stage::by_key::{ByKey, Done};
use crate::{BoxError, Error, ErrorKind, Message, Origin, Result};

pin_project! {
    /// A stream of what a function made of messages, made by [`KeyedExt::map_keyed`](crate::stage::KeyedExt::map_keyed).
    ///
    /// # Errors
    ///
    /// What the function returned, naming where the message came from: an [`Error`] keeps its kind, anything else is
    /// the cause of a `Stage`. Errors of the inner stream are passed on. Either ends the stream.
    ///
    /// # Cancel safety
    ///
    /// `next` may be dropped: no message is lost. Dropping the stream drops the futures under way where they stand
    /// and abandons what they, and the window, had not acked.
    ///
    /// # Example
    ///
    /// A failure comes after what was under way beside it:
    ///
    /// ```
    /// use futures::{StreamExt, stream};
    /// use headwater::Message;
    /// use headwater::stage::KeyedExt;
    ///
    /// # futures::executor::block_on(async {
    /// let texts = [("a", "one"), ("b", "2"), ("a", "3")].map(|(key, text)| Ok(Message::keyed(text, key)));
    /// let parse = |message: Message<&'static str>| async { message.try_map(str::parse::<u32>) };
    ///
    /// let mut numbers = stream::iter(texts).map_keyed(2, parse);
    /// assert_eq!(*numbers.next().await.unwrap().unwrap().payload(), 2);
    /// assert!(numbers.next().await.unwrap().is_err());
    /// assert!(numbers.next().await.is_none(), "the later message of the failed key is not run");
    /// # });
    /// ```
    #[must_use = "streams do nothing unless polled"]
    pub struct MapKeyed<S, T, F, Fut> {
        #[pin]
        inner: S,
        by_key: ByKey<T, F, Fut>,
        state: State,
    }
}

enum State {
    Open,
    /// Nothing more is taken in. Ends with the error, once nothing is under way.
    Closing(Option<Error>),
    Ended,
}

impl<S, T, F, Fut> MapKeyed<S, T, F, Fut>
where
    F: FnMut(Message<T>) -> Fut,
    Fut: Future,
{
    pub(super) fn new(inner: S, concurrency: usize, f: F) -> Self {
        Self { inner, by_key: ByKey::new(concurrency, f), state: State::Open }
    }

    /// Sets how many messages may wait behind busy keys. Default: 16 times the concurrency. At least 1 waits.
    ///
    /// A wide window keeps other keys going beside a hot one. What waits is in memory, and unacked.
    ///
    /// # Example
    ///
    /// ```
    /// use futures::{TryStreamExt, stream};
    /// use headwater::stage::KeyedExt;
    /// use headwater::{Error, Message};
    ///
    /// # futures::executor::block_on(async {
    /// let orders = stream::iter((0..100).map(|n| Ok(Message::keyed(n, "hot"))));
    /// let orders = orders.map_keyed(8, async |order| Ok::<_, Error>(order)).window(1_000);
    /// let orders: Vec<_> = orders.map_ok(|order| *order.payload()).try_collect().await?;
    /// assert!(orders.into_iter().eq(0..100));
    /// # Ok::<(), headwater::Error>(())
    /// # }).unwrap();
    /// ```
    pub fn window(mut self, messages: usize) -> Self {
        self.by_key.window = messages.max(1);
        self
    }
}

impl<S, T, F, Fut, O, E> Stream for MapKeyed<S, T, F, Fut>
where
    S: Stream<Item = Result<Message<T>>>,
    F: FnMut(Message<T>) -> Fut,
    Fut: Future<Output = Result<O, E>>,
    E: Into<BoxError>,
{
    type Item = Result<O>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            self.as_mut().take_in(cx);
            let this = self.as_mut().project();
            match ready!(this.by_key.poll_done(cx)) {
                Some(Done { key, output: Ok(output), .. }) => {
                    this.by_key.release(key.as_ref());
                    return Poll::Ready(Some(Ok(output)));
                }
                Some(Done { key, origin, output: Err(error) }) => {
                    this.by_key.abandon_waiting();
                    this.by_key.release(key.as_ref());
                    this.state.fail(failure(origin.as_ref(), error));
                }
                None => return this.state.poll_end(),
            }
        }
    }
}

impl<S, T, F, Fut, O, E> FusedStream for MapKeyed<S, T, F, Fut>
where
    S: Stream<Item = Result<Message<T>>>,
    F: FnMut(Message<T>) -> Fut,
    Fut: Future<Output = Result<O, E>>,
    E: Into<BoxError>,
{
    fn is_terminated(&self) -> bool {
        matches!(self.state, State::Ended)
    }
}

impl<S, T, F, Fut> MapKeyed<S, T, F, Fut>
where
    S: Stream<Item = Result<Message<T>>>,
    F: FnMut(Message<T>) -> Fut,
    Fut: Future,
{
    /// Takes messages while there is room for any.
    fn take_in(self: Pin<&mut Self>, cx: &mut Context<'_>) {
        let mut this = self.project();
        while matches!(this.state, State::Open) && this.by_key.has_room() {
            match this.inner.as_mut().poll_next(cx) {
                Poll::Ready(Some(Ok(message))) => this.by_key.take(message),
                Poll::Ready(Some(Err(error))) => this.state.fail(error),
                Poll::Ready(None) => *this.state = State::Closing(None),
                Poll::Pending => return,
            }
        }
    }
}

impl State {
    /// Closes with an error. The first one stands.
    fn fail(&mut self, error: Error) {
        match self {
            Self::Closing(Some(_)) => tracing::warn!(%error, "another message failed beside the first"),
            _ => *self = Self::Closing(Some(error)),
        }
    }

    /// Answers for a stage that has nothing under way.
    fn poll_end<O>(&mut self) -> Poll<Option<Result<O>>> {
        match self {
            // The inner stream was asked, since there is room, and is going to wake the task.
            Self::Open => Poll::Pending,
            Self::Closing(error) => {
                let error = error.take();
                *self = Self::Ended;
                Poll::Ready(error.map(Err))
            }
            Self::Ended => Poll::Ready(None),
        }
    }
}

fn failure(origin: Option<&Origin>, error: impl Into<BoxError>) -> Error {
    let context = format!("handle {}", describe(origin));
    match error.into().downcast::<Error>() {
        Ok(error) => error.during(context),
        Err(cause) => Error::new(ErrorKind::Stage, context).caused_by(cause),
    }
}

impl<S: fmt::Debug, T, F, Fut> fmt::Debug for MapKeyed<S, T, F, Fut> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MapKeyed").field("stream", &self.inner).finish_non_exhaustive()
    }
}
