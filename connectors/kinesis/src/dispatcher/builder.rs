//! Describes a dispatcher and connects it.

use std::fmt;
use std::sync::Arc;

use headwater::Result;
use headwater::codec::{Codec, Framed, Framing, Serializer};

use crate::dispatcher::Dispatcher;
use crate::limits::PUT_RECORDS;
use crate::sink::{KinesisSinkBuilder, check};

/// Describes a [`Dispatcher`]. Every setting has a default; [`connect`](Self::connect) checks them all.
///
/// What is not set here is set on the sink's own builder, and handed in with [`Dispatcher::over`].
///
/// # Example
///
/// ```
/// use headwater_kinesis::Dispatcher;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let dispatcher = Dispatcher::<u32>::builder("orders").max_batch_size(501);
/// let error = dispatcher.connect().await.unwrap_err();
/// assert_eq!(error.to_string(), "max_batch_size = 501: 1 to 500 is allowed");
/// # }
/// ```
#[must_use = "a builder does nothing until connect is called"]
pub struct DispatcherBuilder<T> {
    sink: KinesisSinkBuilder,
    framing: Arc<dyn Framing>,
    serializer: Arc<dyn Serializer<T>>,
    /// As it was set here; `None` for the sink's own.
    max_batch_size: Option<usize>,
    max_unprocessed: usize,
}

/// As many as a sink takes into its queue.
const MAX_UNPROCESSED: usize = 10_000;

impl<T: 'static> DispatcherBuilder<T> {
    pub(super) fn new(sink: KinesisSinkBuilder, codec: Codec<impl Serializer<T>>) -> Self {
        let (framing, serializer) = codec.into_parts();
        let serializer = Arc::new(serializer);
        Self { sink, framing, serializer, max_batch_size: None, max_unprocessed: MAX_UNPROCESSED }
    }

    /// Takes each partition key from a top-level field of the JSON payload: see
    /// [`KinesisSinkBuilder::partition_key_identifier`]. A payload without the field is refused. Default: a generated
    /// key (UUID) for each payload.
    pub fn partition_key_identifier(mut self, field: impl Into<String>) -> Self {
        self.sink = self.sink.partition_key_identifier(field);
        self
    }

    /// Sets the most records of a request, 1 to 500. Default: 250, or over a sink's builder what that says.
    pub fn max_batch_size(mut self, records: usize) -> Self {
        self.max_batch_size = Some(records);
        self
    }

    /// Sets how payloads are written. Default: JSON, one payload for each record.
    ///
    /// # Example
    ///
    /// Many payloads in each record, as the KPL writes them:
    ///
    /// ```
    /// use headwater_kinesis::{Dispatcher, codec};
    ///
    /// let dispatcher = Dispatcher::<u32>::builder("orders").codec(codec::kpl_json());
    /// # drop(dispatcher);
    /// ```
    pub fn codec(mut self, codec: Codec<impl Serializer<T>>) -> Self {
        let (framing, serializer) = codec.into_parts();
        (self.framing, self.serializer) = (framing, Arc::new(serializer));
        self
    }

    /// Sets how many payloads that could not be delivered may wait for a flush, 1 or more. Default: 10,000. Once as
    /// many wait, no more are accepted; those accepted by then may still add to them.
    pub fn max_unprocessed(mut self, payloads: usize) -> Self {
        self.max_unprocessed = payloads;
        self
    }

    /// Connects to the stream: see [`KinesisSinkBuilder::connect`].
    ///
    /// # Errors
    ///
    /// `Invalid`, naming a setting and its range; otherwise as [`KinesisSinkBuilder::connect`].
    pub async fn connect(self) -> Result<Dispatcher<T>> {
        let Self { mut sink, framing, serializer, max_batch_size, max_unprocessed } = self;
        if let Some(records) = max_batch_size {
            check("max_batch_size", records, 1..=PUT_RECORDS)?;
            sink = sink.batch_records(records);
        }
        check("max_unprocessed", max_unprocessed, 1..=usize::MAX)?;
        // Boxed because it is some 16 KB, and this one would be more.
        let sink = Box::pin(sink.connect()).await?;
        let producer = sink.framed(framing).producer();
        Ok(Dispatcher::new(producer, serializer, max_unprocessed))
    }
}

impl<T: 'static> fmt::Debug for DispatcherBuilder<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DispatcherBuilder")
            .field("sink", &self.sink)
            .field("framing", &self.framing)
            .field("serializer", &self.serializer.name())
            .field("max_batch_size", &self.max_batch_size)
            .field("max_unprocessed", &self.max_unprocessed)
            .finish()
    }
}
