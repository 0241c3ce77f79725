//! The settings of a sharded source.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::checkpoint::{Application, ApplicationStart, CheckpointStore, MemoryCheckpoints, WorkerId};
use crate::source::{OnGap, ReadFrom, Shard};
use crate::{Error, ErrorKind, Position, Result, SequenceNumber, ShardId};

/// Where shards without a checkpoint begin.
///
/// # Example
///
/// ```
/// use futures::TryStreamExt;
/// use headwater::MemoryStream;
/// use headwater::source::{SourceConfig, Start};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> headwater::Result<()> {
/// # let stream = MemoryStream::new("orders", 1);
/// stream.put("customer-7", "before");
/// let mut config = SourceConfig::default();
/// config.start = Start::Latest;
/// let mut source = stream.source_with(config).await?;
/// source.control().ready().await?;
///
/// stream.put("customer-7", "after");
/// assert_eq!(source.try_next().await?.expect("one came after the start").payload(), "after");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Start {
    /// With the oldest record that the stream holds (TRIM_HORIZON). The default.
    #[default]
    TrimHorizon,
    /// With what arrives from the application's first start on (LATEST). That time is stored, so that a restart
    /// does not jump over what came in between. It is this machine's time: with a clock that runs ahead of the service's, what
    /// arrives in between may be skipped; with one that runs behind, a little from before is read.
    Latest,
    /// With the first record that arrived at or after a time (AT_TIMESTAMP, milliseconds).
    AtTimestamp(SystemTime),
}

/// When a source ends by itself.
///
/// # Example
///
/// A job that ends with what is there:
///
/// ```
/// use futures::TryStreamExt;
/// use headwater::MemoryStream;
/// use headwater::source::{SourceConfig, Until};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> headwater::Result<()> {
/// # let stream = MemoryStream::new("orders", 2);
/// # stream.put("customer-7", "an order");
/// # stream.put("customer-8", "another");
/// let mut config = SourceConfig::default();
/// config.until = Until::Tip;
/// let mut source = stream.source_with(config).await?;
/// let mut orders = 0;
/// while let Some(message) = source.try_next().await? {
///     orders += 1;
///     message.ack();
/// }
/// assert_eq!(orders, 2);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Until {
    /// Never, unless every shard is closed and read. The default.
    #[default]
    Forever,
    /// When everything was read that was in the stream when the source connected, by this machine's clock against the
    /// arrival times of the records. Each shard ends with its first record that came later, or with an empty page and
    /// nothing behind the latest record. Shards that other workers hold are theirs to read; those of a worker that died
    /// are waited for.
    Tip,
    /// When everything was read that arrived before a time (milliseconds, by the service's clock). If that is still to
    /// come, it is waited for, by this machine's clock. Shards of other workers are theirs, as with `Tip`.
    Time(SystemTime),
}

/// What follows when a message is dropped without an ack.
///
/// # Example
///
/// ```
/// use futures::TryStreamExt;
/// use headwater::MemoryStream;
/// use headwater::source::{OnAbandon, SourceConfig};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> headwater::Result<()> {
/// # let stream = MemoryStream::new("orders", 1);
/// # stream.put("customer-7", "an order");
/// let mut config = SourceConfig::default();
/// config.on_abandon = OnAbandon::Redeliver;
/// let mut source = stream.source_with(config).await?;
/// drop(source.try_next().await?); // without an ack
///
/// let again = source.try_next().await?.expect("it comes again");
/// assert_eq!(again.payload(), "an order");
/// again.ack();
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnAbandon {
    /// The source yields an error that names the shard and position, then ends. The default.
    #[default]
    Fail,
    /// The shard is read again from its watermark, and everything after it repeats. One that is dropped after the stream
    /// has ended is not: [`Control::finished`](crate::source::Control::finished) names it.
    Redeliver,
}

/// The settings of a [`ShardedSource`](crate::source::ShardedSource). Connectors' builders fill it.
///
/// # Example
///
/// An application goes on where it stopped, as long as its checkpoints are kept:
///
/// ```
/// use std::sync::Arc;
///
/// use futures::StreamExt;
/// use headwater::MemoryStream;
/// use headwater::checkpoint::MemoryCheckpoints;
/// use headwater::source::{SourceConfig, Until};
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> headwater::Result<()> {
/// # let (orders, copies) = (MemoryStream::new("orders", 1), MemoryStream::new("copies", 1));
/// let mut config = SourceConfig::default();
/// config.application = "copy".to_owned();
/// config.checkpoints = Arc::new(MemoryCheckpoints::new());
/// config.until = Until::Tip;
///
/// for order in ["an order", "another"] {
///     orders.put("customer-7", order);
///     let source = orders.source_with(config.clone()).await?;
///     let control = source.control();
///     source.forward(copies.sink()).await?;
///     control.finished().await?;
/// }
/// assert_eq!(copies.records().len(), 2, "nothing is read twice");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SourceConfig {
    /// The application whose checkpoints are used. Default: `headwater`.
    pub application: String,
    /// The name of this worker. Default: unique. Of two that bear one name at a time, the later one takes what the other
    /// reads, and that stands by until the later one has left.
    pub worker: WorkerId,
    /// Where checkpoints and leases are kept. Default: memory, which forgets them with the process.
    pub checkpoints: Arc<dyn CheckpointStore>,
    /// Where shards without a checkpoint begin. Default: the trim horizon.
    pub start: Start,
    /// Shards that begin at a record of their own instead.
    pub start_shards: HashMap<ShardId, SequenceNumber>,
    /// The shards that are read, and no others: neither their parents, which are not waited for, nor their children, so
    /// that the source ends once they are closed and read. Every worker of an application wants the same. Default: empty,
    /// which stands for all.
    pub only_shards: BTreeSet<ShardId>,
    /// When the source ends by itself. Default: never.
    pub until: Until,
    /// What follows when a message is dropped without an ack. Default: fail.
    pub on_abandon: OnAbandon,
    /// What follows when records were removed before they were read. Default: continue.
    pub on_gap: OnGap,
    /// The most shards that this worker reads at a time; others are left to other workers, or read once one was read as far
    /// as was asked for. Workers that share a stream each take their fair part of its shards, within this. Default: no
    /// limit.
    pub max_shards: usize,
    /// How long a lease lives unrenewed; renewed every third of it. A worker that could not renew one for so long hands out
    /// nothing more of that shard until it has. Default: 10 s.
    pub lease_time: Duration,
    /// How long a shard that another worker asked for waits for the acks of messages that are out, before it is released
    /// all the same and they repeat. Default: 10 s.
    pub handoff_timeout: Duration,
    /// How often watermarks are stored. Default: 1 s.
    pub commit_interval: Duration,
    /// How often the list of shards is looked at when nothing asks for it. Default: 60 s.
    pub refresh_interval: Duration,
    /// No page is opened while this many messages are out unacked, over all shards. Default: 100,000.
    pub max_in_flight: usize,
    /// The most bytes that are held, over all shards: a page counts from its request until its payloads are dropped, each
    /// [`Chunk`](crate::source::Chunk) of it until the last payload in it is. Default: 64 MiB.
    pub buffer_bytes: usize,
    /// How long retryable failures of one shard go on before they end the source. Default: 5 minutes.
    pub outage_limit: Duration,
    /// How long ending waits for the acks of messages that are out. Default: 60 s.
    pub drain_timeout: Duration,
}

impl Default for SourceConfig {
    fn default() -> Self {
        Self {
            application: "headwater".to_owned(),
            worker: WorkerId::unique(),
            checkpoints: Arc::new(MemoryCheckpoints::new()),
            start: Start::default(),
            start_shards: HashMap::new(),
            only_shards: BTreeSet::new(),
            until: Until::default(),
            on_abandon: OnAbandon::default(),
            on_gap: OnGap::default(),
            max_shards: usize::MAX,
            lease_time: Duration::from_secs(10),
            handoff_timeout: Duration::from_secs(10),
            commit_interval: Duration::from_secs(1),
            refresh_interval: Duration::from_mins(1),
            max_in_flight: 100_000,
            buffer_bytes: 64 << 20,
            outage_limit: Duration::from_mins(5),
            drain_timeout: Duration::from_mins(1),
        }
    }
}

impl SourceConfig {
    /// Checks every setting.
    ///
    /// # Errors
    ///
    /// `Invalid`, naming the setting and its range.
    ///
    /// # Example
    ///
    /// ```
    /// use headwater::source::SourceConfig;
    ///
    /// let mut config = SourceConfig::default();
    /// config.max_in_flight = 0;
    /// assert_eq!(config.validate().unwrap_err().to_string(), "max_in_flight: 1 message at least");
    /// ```
    pub fn validate(&self) -> Result<()> {
        check(!self.application.is_empty(), "application: a name is needed")?;
        let a_day = Duration::from_hours(24);
        let lease_range = Duration::from_millis(100)..=a_day;
        check(lease_range.contains(&self.lease_time), "lease_time: 100 ms to 24 h is allowed")?;
        let commit_range = Duration::from_millis(10)..=a_day;
        check(commit_range.contains(&self.commit_interval), "commit_interval: 10 ms to 24 h is allowed")?;
        check(self.refresh_interval >= Duration::from_millis(100), "refresh_interval: 100 ms at least")?;
        check(self.max_shards > 0, "max_shards: 1 shard at least")?;
        check(self.max_in_flight > 0, "max_in_flight: 1 message at least")?;
        check(self.buffer_bytes >= 1 << 10, "buffer_bytes: 1 KiB at least")
    }

    /// Returns the time that is read up to, if there is one.
    pub(super) fn bound(&self, begun: SystemTime) -> Option<SystemTime> {
        match self.until {
            Until::Forever => None,
            Until::Tip => Some(begun),
            Until::Time(time) => Some(time),
        }
    }

    pub(super) fn application(&self, stream: &str) -> Application {
        Application::new(self.application.as_str(), stream)
    }

    /// Leaves of a listing the shards that are to be read.
    pub(super) fn wanted(&self, mut shards: Vec<Shard>) -> Vec<Shard> {
        if !self.only_shards.is_empty() {
            shards.retain(|shard| self.only_shards.contains(&shard.id));
        }
        shards
    }

    /// Returns where a shard without a checkpoint begins.
    pub(super) fn initial(&self, shard: &ShardId, first: &ApplicationStart) -> ReadFrom {
        if let Some(sequence) = self.start_shards.get(shard) {
            return ReadFrom::Sequence(sequence.clone());
        }
        // A shard that came after the first start holds nothing from before it.
        ReadFrom::Position(match self.start {
            Start::Latest if first.shards.contains(shard) => Position::At(first.at),
            Start::AtTimestamp(time) if first.shards.contains(shard) => Position::At(time),
            _ => Position::Beginning,
        })
    }
}

fn check(holds: bool, message: &'static str) -> Result<()> {
    if holds { Ok(()) } else { Err(Error::new(ErrorKind::Invalid, message)) }
}
