//! The stage that drops what is delivered again.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures::Stream;
use futures::stream::FusedStream;
use metrics::counter;
use pin_project_lite::pin_project;

use crate::per_stream::PerStream;
use crate::stage::DuplicateCount;
use crate::stage::window::Window;
use crate::{Control, Message, Result, Source};

/// Adds [`dedupe`](Self::dedupe) to every source.
///
/// It is for sources alone, because only there a message is known by its origin: behind `decode` and
/// [`Message::explode`] the many messages of one record share it.
///
/// # Example
///
/// ```
/// use futures::TryStreamExt;
/// use headwater::MemoryStream;
/// use headwater::codec::{self, DecodeExt};
/// use headwater::stage::DedupeExt;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> headwater::Result<()> {
/// let stream = MemoryStream::new("numbers", 1);
/// stream.put("customer-7", "1\n2\n");
///
/// let mut numbers = stream.source().await?.dedupe(100_000).decode(codec::json_lines::<u32>());
/// let control = numbers.control(); // as without it
/// assert_eq!(*numbers.try_next().await?.expect("two were put").payload(), 1);
/// # control.stop();
/// # Ok(())
/// # }
/// ```
pub trait DedupeExt: Source + Sized {
    /// Drops messages that were delivered before, as far back as `window` messages over all shards.
    ///
    /// 100,000 is a good start, as many as a source lets be unacked; an identity takes some 200 bytes, so that is
    /// 20 MB. With 0 nothing is dropped.
    ///
    /// # Example
    ///
    /// One order is abandoned, and its shard is read again from there. The order after it was done already:
    ///
    /// ```
    /// use futures::TryStreamExt;
    /// use headwater::MemoryStream;
    /// use headwater::source::{OnAbandon, SourceConfig};
    /// use headwater::stage::DedupeExt;
    /// # use headwater::source::Until;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> headwater::Result<()> {
    /// # let stream = MemoryStream::new("orders", 1);
    /// stream.put("customer-7", "first");
    /// stream.put("customer-7", "second");
    /// let mut config = SourceConfig::default();
    /// config.on_abandon = OnAbandon::Redeliver;
    /// # config.until = Until::Tip;
    ///
    /// let mut orders = stream.source_with(config).await?.dedupe(100_000);
    /// let (control, duplicates) = (orders.control(), orders.duplicate_count());
    /// let first = orders.try_next().await?.expect("two were put");
    /// orders.try_next().await?.expect("two were put").ack();
    /// drop(first); // without an ack
    ///
    /// let again = orders.try_next().await?.expect("the first comes again");
    /// assert_eq!(again.payload(), "first");
    /// again.ack();
    /// assert!(orders.try_next().await?.is_none(), "the second does not");
    /// assert_eq!(duplicates.get(), 1);
    /// control.finished().await?; // both are acked
    /// # Ok(())
    /// # }
    /// ```
    fn dedupe(self, window: usize) -> Dedupe<Self> {
        Dedupe::new(self, window)
    }
}

impl<S: Source> DedupeExt for S {}

pin_project! {
    /// A source without what it delivers again, made by [`DedupeExt::dedupe`].
    ///
    /// A message is known by stream, shard, sequence number and sub-sequence number.
    ///
    /// # Guarantee
    ///
    /// While an identity is in the window, its message is handed out again only after the copy before was abandoned.
    /// A checkpoint moves past it only when the copy that was handed out is acked: a duplicate shares the fate of that
    /// copy. Both are acked at once when it is, whether it still is under way as the duplicate comes or not. If it is
    /// abandoned, so are its duplicates, and the next redelivery passes. What has left the window passes as well:
    /// at-least-once is what remains.
    ///
    /// # What it is for
    ///
    /// Redeliveries to this process: after [`OnAbandon::Redeliver`](crate::source::OnAbandon::Redeliver), and when a
    /// lease went to another worker and came back. It remembers nothing over a restart. What reads a shard anew on
    /// purpose gets from it only what is no longer in the window. A record that a *producer* put twice is two records
    /// with sequence numbers of their own, which pass; those take a key of the application's own to tell.
    ///
    /// The copy that goes on keeps the [fencing token](crate::Origin::fencing_token) under which it was read. A sink
    /// that refuses it for that drops the message, and the next redelivery passes with the new token.
    ///
    /// # Metrics
    ///
    /// The counter `headwater_duplicates_total`, labelled with `stream`, counts what was dropped, as
    /// [`duplicate_count`](Self::duplicate_count) does.
    ///
    /// # Cancel safety
    ///
    /// `next` may be dropped: no message is lost.
    #[must_use = "streams do nothing unless polled"]
    pub struct Dedupe<S> {
        #[pin]
        inner: S,
        window: Window,
        count: DuplicateCount,
        counters: PerStream,
    }
}

impl<S> Dedupe<S> {
    pub(super) fn new(inner: S, window: usize) -> Self {
        Self {
            inner,
            window: Window::new(window),
            count: DuplicateCount::default(),
            counters: PerStream::default(),
        }
    }

    /// Returns the count of messages that were dropped.
    pub fn duplicate_count(&self) -> DuplicateCount {
        self.count.clone()
    }
}

impl<S: Source> Dedupe<S> {
    /// Returns the source's handle, which survives `decode` and `forward`.
    pub fn control(&self) -> Control {
        self.inner.control()
    }
}

impl<S: Source> Source for Dedupe<S> {
    fn control(&self) -> Control {
        self.inner.control()
    }
}

impl<S: Stream<Item = Result<Message<Bytes>>>> Stream for Dedupe<S> {
    type Item = Result<Message<Bytes>>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut this = self.project();
        loop {
            let message = match ready!(this.inner.as_mut().poll_next(cx)) {
                Some(Ok(message)) => message,
                other => return Poll::Ready(other),
            };
            let (payload, key, headers, origin, ack) = message.into_parts();
            let Some(origin) = origin else {
                return Poll::Ready(Some(Ok(Message::from_parts(payload, key, headers, None, ack))));
            };
            if let Some(ack) = this.window.admit(&origin, ack) {
                return Poll::Ready(Some(Ok(Message::from_parts(payload, key, headers, Some(origin), ack))));
            }
            this.count.add_one();
            let register = |stream| counter!("headwater_duplicates_total", "stream" => stream);
            this.counters.of(Some(&origin), register).increment(1);
        }
    }
}

impl<S: FusedStream<Item = Result<Message<Bytes>>>> FusedStream for Dedupe<S> {
    fn is_terminated(&self) -> bool {
        self.inner.is_terminated()
    }
}

impl<S: fmt::Debug> fmt::Debug for Dedupe<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dedupe").field("source", &self.inner).finish_non_exhaustive()
    }
}
