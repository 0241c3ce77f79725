//! The keyed stage as the end of a pipeline.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures::Stream;
use pin_project_lite::pin_project;

use crate::stage::MapKeyed;
use crate::{BoxError, Message, Result};

pin_project! {
    /// Waits until a stream has ended and all its messages are done, made by
    /// [`KeyedExt::for_each_keyed`](crate::stage::KeyedExt::for_each_keyed).
    ///
    /// # Errors
    ///
    /// As [`MapKeyed`]: the first error of the function, naming where the message came from, or of the stream.
    ///
    /// # Cancel safety
    ///
    /// Dropping it drops the futures under way where they stand, and abandons what they, and the window, had not
    /// acked. Nothing is lost: the next start reads that again. To end in order, end the stream:
    /// `source.take_until(signal).for_each_keyed(..)`.
    ///
    /// # Example
    ///
    /// ```
    /// use futures::stream;
    /// use headwater::stage::KeyedExt;
    /// use headwater::{BoxError, ErrorKind, Message};
    ///
    /// # futures::executor::block_on(async {
    /// let numbers = stream::iter([Ok(Message::keyed(7, "a")), Ok(Message::keyed(8, "b"))]);
    /// let error = numbers
    ///     .for_each_keyed(2, |number| async move {
    ///         if *number.payload() > 7 {
    ///             return Err(BoxError::from("too large"));
    ///         }
    ///         number.ack();
    ///         Ok(())
    ///     })
    ///     .await
    ///     .unwrap_err();
    /// assert_eq!(error.kind(), ErrorKind::Stage);
    /// assert_eq!(error.to_string(), "handle message: too large");
    /// # });
    /// ```
    #[must_use = "futures do nothing unless polled"]
    pub struct ForEachKeyed<S, T, F, Fut> {
        #[pin]
        inner: MapKeyed<S, T, F, Fut>,
    }
}

impl<S, T, F, Fut> ForEachKeyed<S, T, F, Fut>
where
    F: FnMut(Message<T>) -> Fut,
    Fut: Future,
{
    pub(super) fn new(inner: MapKeyed<S, T, F, Fut>) -> Self {
        Self { inner }
    }

    /// Sets how many messages may wait behind busy keys, as [`MapKeyed::window`]. Default: 16 times the concurrency.
    pub fn window(self, messages: usize) -> Self {
        Self { inner: self.inner.window(messages) }
    }
}

impl<S, T, F, Fut, E> Future for ForEachKeyed<S, T, F, Fut>
where
    S: Stream<Item = Result<Message<T>>>,
    F: FnMut(Message<T>) -> Fut,
    Fut: Future<Output = Result<(), E>>,
    E: Into<BoxError>,
{
    type Output = Result<()>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        while let Some(done) = ready!(self.as_mut().project().inner.poll_next(cx)) {
            if let Err(error) = done {
                return Poll::Ready(Err(error));
            }
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: fmt::Debug, T, F, Fut> fmt::Debug for ForEachKeyed<S, T, F, Fut> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ForEachKeyed").field(&self.inner).finish()
    }
}
