//! What a connector provides: the shards of a stream, and a fetcher for each.

use std::fmt;
use std::time::SystemTime;

use bytes::Bytes;
use futures::FutureExt;
use futures::future::BoxFuture;

use crate::source::Chunk;
use crate::{Headers, Key, Position, Result, SequenceNumber, ShardId};

/// A stream with shards, as a connector sees it.
///
/// # Example
///
/// A text is a stream of one closed shard, and each of its lines a record:
///
/// ```
/// use std::sync::Arc;
///
/// use futures::future::{BoxFuture, FutureExt, ready};
/// use headwater::source::{Fetch, Page, ReadFrom, Record, Shard, ShardedSource, SourceConfig, Upstream};
/// use headwater::{Headers, Result, ShardId};
///
/// #[derive(Debug)]
/// struct Text(&'static str);
///
/// impl Upstream for Text {
///     fn stream(&self) -> &str {
///         "text"
///     }
///
///     fn shards(&self) -> BoxFuture<'_, Result<Vec<Shard>>> {
///         ready(Ok(vec![Shard { id: "text".into(), parents: Vec::new() }])).boxed()
///     }
///
///     fn open(&self, _shard: &ShardId, from: ReadFrom) -> Box<dyn Fetch> {
///         Box::new(TextFetch { text: self.0, from })
///     }
/// }
///
/// struct TextFetch {
///     text: &'static str,
///     from: ReadFrom,
/// }
///
/// impl TextFetch {
///     fn takes(&self, record: &Record) -> bool {
///         match &self.from {
///             ReadFrom::Position(position) => record.position() > *position,
///             ReadFrom::Sequence(first) => record.sequence >= *first,
///         }
///     }
/// }
///
/// impl Fetch for TextFetch {
///     fn largest(&self) -> usize {
///         self.text.len()
///     }
///
///     fn next(&mut self) -> BoxFuture<'_, Result<Page>> {
///         let lines = self.text.lines().zip(1_u64..).map(|(line, number)| Record {
///             payload: line.into(),
///             key: None,
///             headers: Headers::new(),
///             sequence: number.to_string().into(),
///             sub_sequence: None,
///             completes: true,
///             arrival: None,
///         });
///         let records: Vec<_> = lines.filter(|record| self.takes(record)).collect();
///         let end = Some(Vec::new()); // the shard is closed, and has no children
///         ready(Ok(Page { records, bytes: self.text.len(), end, ..Page::default() })).boxed()
///     }
/// }
/// # use futures::StreamExt;
/// # use headwater::MemoryStream;
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<()> {
/// # let copy = MemoryStream::new("copy", 1);
///
/// let text = Arc::new(Text("first\nsecond"));
/// let source = ShardedSource::connect(text, SourceConfig::default()).await?;
/// source.forward(copy.sink()).await?;
/// assert_eq!(copy.records().len(), 2);
/// # Ok(())
/// # }
/// ```
pub trait Upstream: fmt::Debug + Send + Sync + 'static {
    /// Returns the name of the stream, for origins, errors and checkpoints.
    fn stream(&self) -> &str;

    /// Lists every shard that the service still knows, closed ones too.
    ///
    /// # Errors
    ///
    /// `NotFound`, `AccessDenied` and their like end the source; retryable ones are tried again.
    fn shards(&self) -> BoxFuture<'_, Result<Vec<Shard>>>;

    /// Starts to read a shard. Nothing is asked of the service before the first [`Fetch::next`].
    fn open(&self, shard: &ShardId, from: ReadFrom) -> Box<dyn Fetch>;
}

/// Reads one shard, page by page.
///
/// # Example
///
/// [`Upstream`] has an implementation. A connector's own test reads a page:
///
/// ```
/// use headwater::MemoryStream;
/// use headwater::Position;
/// use headwater::source::{ReadFrom, Upstream};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> headwater::Result<()> {
/// let stream = MemoryStream::new("orders", 1);
/// let record = stream.put("customer-7", "an order");
///
/// let mut fetch = stream.open(&record.shard, ReadFrom::Position(Position::Beginning));
/// let page = fetch.next().await?;
/// assert_eq!(page.records[0].payload, "an order");
/// assert!(page.end.is_none(), "the shard is open");
/// # Ok(())
/// # }
/// ```
pub trait Fetch: Send {
    /// Waits until the next page may be asked for, as a pace or a long poll wants it. Nothing of the byte budget is
    /// held meanwhile; it is from then until [`next`](Self::next) returns.
    ///
    /// # Cancel safety
    ///
    /// May be dropped and called again.
    fn due(&mut self) -> BoxFuture<'_, ()> {
        std::future::ready(()).boxed()
    }

    /// Returns the most bytes that [`next`](Self::next) can bring as things stand. The byte budget reserves them before
    /// it is called, and is corrected by what came.
    fn largest(&self) -> usize;

    /// Returns the bytes of a page that has arrived already, as one of a subscription that pushes. It is charged as it
    /// is, in place of [`largest`](Self::largest).
    fn arrived(&self) -> Option<usize> {
        None
    }

    /// Lets go of what is held outside the byte budget, such as a subscription, and a page that has arrived: the shard
    /// is paused, or there was no room for a while. What is let go is fetched again; [`due`](Self::due) is called before
    /// anything else.
    fn park(&mut self) {}

    /// Returns the next page, which may be empty. Recovers from what is a matter of its protocol, such
    /// as an expired iterator.
    ///
    /// # Errors
    ///
    /// After a retryable error `next` is called again, once the engine's back-off has passed, and goes on where it
    /// was.
    ///
    /// # Cancel safety
    ///
    /// A page that was not returned is fetched again.
    fn next(&mut self) -> BoxFuture<'_, Result<Page>>;
}

/// A shard and its place among the generations.
///
/// # Example
///
/// ```
/// use headwater::MemoryStream;
/// use headwater::source::{Shard, Upstream};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> headwater::Result<()> {
/// let stream = MemoryStream::new("orders", 2);
/// let parents = stream.open_shards();
/// let id = stream.merge(&parents[0], &parents[1])?;
/// assert_eq!(stream.shards().await?[2], Shard { id, parents });
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shard {
    /// Its name.
    pub id: ShardId,
    /// The shards that it came from: none, one after a split, two after a merge.
    pub parents: Vec<ShardId>,
}

/// Where a fetcher starts.
///
/// # Example
///
/// ```
/// use headwater::MemoryStream;
/// use headwater::Position;
/// use headwater::source::{ReadFrom, Upstream};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> headwater::Result<()> {
/// # let stream = MemoryStream::new("orders", 1);
/// let (first, second) = (stream.put("customer-7", "first"), stream.put("customer-7", "second"));
///
/// let mut fetch = stream.open(&second.shard, ReadFrom::Sequence(second.sequence));
/// assert_eq!(fetch.next().await?.records[0].payload, "second");
///
/// let after = Position::After { sequence: first.sequence, sub_sequence: None };
/// let mut fetch = stream.open(&first.shard, ReadFrom::Position(after));
/// assert_eq!(fetch.next().await?.records[0].payload, "second");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReadFrom {
    /// At a position. Inside an aggregate the whole record may be delivered: the engine drops what is done.
    Position(Position),
    /// At a record, that record included.
    Sequence(SequenceNumber),
}

/// What one fetch brought.
///
/// # Example
///
/// The last page of a shard names its children:
///
/// ```
/// use headwater::source::{ReadFrom, Upstream};
/// use headwater::{MemoryStream, Position};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> headwater::Result<()> {
/// let stream = MemoryStream::new("orders", 1);
/// let parent = stream.put("customer-7", "an order").shard;
/// let children = stream.split(&parent)?;
///
/// let page = stream.open(&parent, ReadFrom::Position(Position::Beginning)).next().await?;
/// assert_eq!((page.records.len(), page.bytes), (1, 8));
/// assert!(page.end.unwrap().iter().map(|child| &child.id).eq(&children));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Default)]
pub struct Page {
    /// The records, in the order of the shard.
    pub records: Vec<Record>,
    /// The memory that their payloads are slices of, all of it or none: a page without chunks is charged for each of
    /// its payloads.
    pub chunks: Vec<Chunk>,
    /// The bytes that came. The byte budget is charged with them where there are no chunks.
    pub bytes: usize,
    /// How far the page is behind the tip of the shard, where the service tells.
    pub millis_behind_latest: Option<u64>,
    /// Set where the service no longer had what came between the position asked for and the first of these records, as
    /// after retention has removed it.
    pub gap: bool,
    /// Set with the last page of a closed shard: its children, as far as the service names them.
    pub end: Option<Vec<Shard>>,
}

/// One record, or one user record of an aggregate.
///
/// # Example
///
/// The first of several in an aggregate:
///
/// ```
/// use headwater::source::Record;
/// use headwater::{Headers, Position};
///
/// let record = Record {
///     payload: "an order".into(),
///     key: Some("customer-7".into()),
///     headers: Headers::new(),
///     sequence: "7".into(),
///     sub_sequence: Some(0),
///     completes: false,
///     arrival: None,
/// };
/// let whole = Position::After { sequence: "7".into(), sub_sequence: None };
/// assert!(record.position() < whole);
/// ```
#[derive(Clone, Debug)]
pub struct Record {
    /// Its bytes.
    pub payload: Bytes,
    /// Its key.
    pub key: Option<Key>,
    /// Its headers.
    pub headers: Headers,
    /// The sequence number of the record that it came in.
    pub sequence: SequenceNumber,
    /// Its place inside an aggregate, counted from 0; `None` for a plain record.
    pub sub_sequence: Option<u64>,
    /// Whether the record is done with this part: true for a plain record and for the last of an aggregate.
    pub completes: bool,
    /// When the service took it in.
    pub arrival: Option<SystemTime>,
}

impl Record {
    /// Returns the position of the record itself.
    pub fn position(&self) -> Position {
        Position::After { sequence: self.sequence.clone(), sub_sequence: self.sub_sequence }
    }
}
