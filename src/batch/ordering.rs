//! What order a sink keeps, and what it does when it cannot.

/// What order a sink keeps among the messages that it accepts.
///
/// # Example
///
/// ```
/// use futures::SinkExt;
/// use headwater::batch::{BatchSink, Ordering};
/// use headwater::{MemoryStream, Message, Result};
///
/// async fn requests(ordering: Ordering) -> Result<u64> {
///     let mut sink = BatchSink::builder().ordering(ordering).build(MemoryStream::new("orders", 1))?;
///     for order in ["first", "second", "third"] {
///         sink.feed(Message::keyed(order.into(), "customer-7")).await?;
///     }
///     sink.close().await?;
///     Ok(sink.status().requests())
/// }
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<()> {
///
/// assert_eq!(requests(Ordering::PerKey).await?, 3, "one after another");
/// assert_eq!(requests(Ordering::None).await?, 1);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Ordering {
    /// Messages of one key (partition key and explicit hash key together) are first stored in the order in which
    /// they were accepted, through throttling, partial failure and retry. Messages without a key have no order.
    ///
    /// A service that promises no order inside a request or between two leaves one way: a key has at most one
    /// unsettled entry. Without a framing that joins messages, one key then moves one message per round trip.
    #[default]
    PerKey,
    /// No order at all: a key may have any number of entries in flight.
    None,
}

/// What becomes of the later messages of a key after one of them failed for good, under [`Ordering::PerKey`].
///
/// # Example
///
/// ```
/// use futures::SinkExt;
/// use headwater::batch::{BatchSink, OnKeyFailure};
/// use headwater::{ErrorKind, MemoryStream, Message, Result};
///
/// async fn handed_back(policy: OnKeyFailure) -> Result<usize> {
///     let stream = MemoryStream::new("orders", 1);
///     stream.faults().fail_puts(1, ErrorKind::Throttled);
///     let mut sink = BatchSink::builder().retry_limit(0).on_key_failure(policy).build(stream)?;
///     sink.feed(Message::keyed("first".into(), "customer-7")).await?;
///     sink.feed(Message::keyed("second".into(), "customer-7")).await?;
///     Ok(sink.drain().await.len())
/// }
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<()> {
///
/// assert_eq!(handed_back(OnKeyFailure::HandBack).await?, 2, "both, to be sent again in their order");
/// assert_eq!(handed_back(OnKeyFailure::Continue).await?, 1, "the second is stored");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum OnKeyFailure {
    /// The later messages of the key are handed back too, so that sending all of them again keeps their order: those
    /// accepted by then, where a receipt or the dead letters tell the failure at once; otherwise all that are accepted
    /// until [`flush`](crate::batch::Producer::flush) or [`drain`](crate::batch::BatchSink::drain) has told it.
    #[default]
    HandBack,
    /// The later messages of the key are sent as if nothing had happened.
    Continue,
}
