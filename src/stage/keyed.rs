//! Work on many messages at a time that keeps the order of each key.

use std::future::Future;

use futures::Stream;

use crate::stage::{ForEachKeyed, MapKeyed};
use crate::{BoxError, Message, Result};

/// Adds [`map_keyed`](Self::map_keyed) and [`for_each_keyed`](Self::for_each_keyed) to every stream of messages.
///
/// # Order
///
/// A message is handed to the function when all earlier ones of its [`Key`](crate::Key) are done, so the unit of order
/// is the partition key with the explicit hash key, if there is one. Messages of different keys, and messages without
/// a key, run at a time. A shard thus gives as much parallelism as it has keys.
///
/// # Limits
///
/// At most `concurrency` messages are under way, one of each key. A message whose key is under way waits and takes no
/// slot, so one hot key stops nobody until as many wait as the window holds: 16 times `concurrency`, unless
/// [`MapKeyed::window`] or [`ForEachKeyed::window`] say otherwise. Then nothing more is taken from the stream until
/// one of them starts.
///
/// # Acks
///
/// The function owns the message, and with it the debt: whoever is done with a message acks it, and one that is
/// dropped is abandoned. Acks may come in any order, a checkpoint is the longest acked prefix.
///
/// # Failure
///
/// The first error stops the stage: what waits is dropped, the later messages of the failed key among them. Those
/// under way are finished and their acks count. Then the error is returned. No record is passed over: what was not
/// acked is read again by the next start. Of several failures the others are logged as warnings.
///
/// An error of the stream itself takes its turn behind the messages that came before it: they are all run first.
///
/// # Cores
///
/// The futures run inside the task that polls the stage, so they need be neither `Send` nor `'static`, and take turns
/// on one core. That is right for what waits for a network. For work that computes, spawn inside the function:
///
/// ```
/// use headwater::MemoryStream;
/// use headwater::stage::KeyedExt;
/// # use headwater::source::{SourceConfig, Until};
///
/// # fn resize(image: &[u8]) { assert_eq!(image, b"an image"); }
/// # #[tokio::main]
/// # async fn main() -> headwater::Result<()> {
/// # let images = MemoryStream::new("images", 1);
/// # images.put("customer-7", "an image");
/// # let mut config = SourceConfig::default();
/// # config.until = Until::Tip;
/// # let source = images.source_with(config).await?;
/// let resized = source.for_each_keyed(4, |image| {
///     tokio::spawn(async move {
///         resize(image.payload());
///         image.ack();
///     })
/// });
/// resized.await?;
/// # Ok(())
/// # }
/// ```
///
/// A spawned task goes on when the stage is dropped.
pub trait KeyedExt<T>: Stream<Item = Result<Message<T>>> + Sized {
    /// Runs `f` for many messages at a time, those of one key in order, and yields what it makes of them as they
    /// are done: a stage before a sink. What comes out is in order within each key too.
    ///
    /// For all else see [the trait](Self).
    ///
    /// # Panics
    ///
    /// If `concurrency` is 0.
    ///
    /// # Example
    ///
    /// ```
    /// use futures::StreamExt;
    /// use headwater::codec::{self, DecodeExt, EncodeExt};
    /// use headwater::stage::KeyedExt;
    /// use headwater::{MemoryStream, Message, Result};
    /// # use headwater::source::{SourceConfig, Until};
    ///
    /// async fn price(order: Message<u64>) -> Result<Message<u64>> {
    ///     Ok(order.map(|items| items * 3)) // after a call of a service, say
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<()> {
    /// # let (orders, invoices) = (MemoryStream::new("orders", 1), MemoryStream::new("invoices", 1));
    /// orders.put("customer-7", "1");
    /// orders.put("customer-7", "2");
    /// # let mut config = SourceConfig::default();
    /// # config.until = Until::Tip;
    /// # let source = orders.source_with(config).await?;
    /// let priced = source.decode(codec::json()).map_keyed(16, price);
    /// priced.forward(invoices.sink().encode(codec::json_lines())).await?;
    /// assert_eq!(invoices.records()[0].payload, "3\n6\n");
    /// # Ok(())
    /// # }
    /// ```
    fn map_keyed<U, E, F, Fut>(self, concurrency: usize, f: F) -> MapKeyed<Self, T, F, Fut>
    where
        F: FnMut(Message<T>) -> Fut,
        Fut: Future<Output = Result<Message<U>, E>>,
        E: Into<BoxError>,
    {
        MapKeyed::new(self, concurrency, f)
    }

    /// Runs `f` for many messages at a time, those of one key in order, until the stream ends: the end of a pipeline
    /// without a sink.
    ///
    /// `f` acks the message when it is done with it. For all else see [the trait](Self).
    ///
    /// # Panics
    ///
    /// If `concurrency` is 0.
    ///
    /// # Example
    ///
    /// ```
    /// use headwater::codec::{self, DecodeExt};
    /// use headwater::stage::KeyedExt;
    /// use headwater::{BoxError, MemoryStream, Message, Result};
    /// # use headwater::source::{SourceConfig, Until};
    ///
    /// # async fn charge(customer: &str, cents: u64) -> Result<(), BoxError> { Ok(()) }
    /// async fn collect(invoice: Message<u64>) -> Result<(), BoxError> {
    ///     let customer = invoice.key().ok_or("an invoice of nobody")?.partition_key();
    ///     charge(customer, *invoice.payload()).await?; // an error abandons the invoice
    ///     invoice.ack();
    ///     Ok(())
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<()> {
    /// # let invoices = MemoryStream::new("invoices", 1);
    /// # invoices.put("customer-7", "42");
    /// # let mut config = SourceConfig::default();
    /// # config.until = Until::Tip;
    /// # let source = invoices.source_with(config).await?;
    /// let control = source.control();
    /// source.decode(codec::json()).for_each_keyed(16, collect).await?;
    /// control.finished().await?; // the last checkpoint is stored
    /// # Ok(())
    /// # }
    /// ```
    fn for_each_keyed<E, F, Fut>(self, concurrency: usize, f: F) -> ForEachKeyed<Self, T, F, Fut>
    where
        F: FnMut(Message<T>) -> Fut,
        Fut: Future<Output = Result<(), E>>,
        E: Into<BoxError>,
    {
        ForEachKeyed::new(MapKeyed::new(self, concurrency, f))
    }
}

impl<T, S: Stream<Item = Result<Message<T>>>> KeyedExt<T> for S {}
