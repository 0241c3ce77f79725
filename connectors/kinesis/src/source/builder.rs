//! The settings of a Kinesis source.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use headwater::checkpoint::CheckpointStore;
use headwater::source::{OnAbandon, OnGap, ShardedSource, SourceConfig, Start, Until};
use headwater::{Error, ErrorKind, Result, SequenceNumber, ShardId, WorkerId};

use tokio::task::JoinSet;

use crate::connection::{Connection, connection_settings};
use crate::limits;
use crate::source::fan_out::Consumer;
use crate::source::meters::Meters;
use crate::source::pace::PaceSettings;
use crate::source::polling::Polling;
use crate::source::ranges::ShardRanges;
use crate::source::upstream::KinesisUpstream;
use crate::source::{Deaggregation, FanOut, KinesisSource};

/// A call every thousand seconds: slower ones outlive their iterator.
const LEAST_FETCH_RATE: f64 = 0.001;
/// The longest pause after an empty page.
const LONGEST_SLEEP: Duration = Duration::from_hours(24);

/// Describes a [`KinesisSource`]. Every setting has a default; [`connect`](Self::connect) checks them all.
#[derive(Clone, Debug)]
#[must_use = "a builder does nothing until connect is called"]
pub struct KinesisSourceBuilder {
    connection: Connection,
    config: SourceConfig,
    record_limit: u32,
    shard_fetch_rate: Option<f64>,
    sleep_time_no_records: Option<Duration>,
    deaggregation: Deaggregation,
    fan_out: Option<String>,
}

impl KinesisSourceBuilder {
    pub(super) fn new(stream: String) -> Self {
        Self {
            connection: Connection::new(stream),
            config: SourceConfig::default(),
            record_limit: *limits::GET_RECORDS.end(),
            shard_fetch_rate: Some(limits::GET_CALLS_PER_SECOND),
            sleep_time_no_records: None,
            deaggregation: Deaggregation::default(),
            fan_out: None,
        }
    }

    connection_settings!();

    /// Names the application whose checkpoints are used. Default: `headwater`.
    pub fn application(mut self, name: impl Into<String>) -> Self {
        self.config.application = name.into();
        self
    }

    /// Names this worker. No two that run may have one name. Default: unique.
    pub fn worker(mut self, worker: WorkerId) -> Self {
        self.config.worker = worker;
        self
    }

    /// Sets where checkpoints and leases are kept. Default: memory, which forgets them with the process.
    pub fn checkpoints(mut self, store: impl CheckpointStore) -> Self {
        self.config.checkpoints = Arc::new(store);
        self
    }

    /// Sets where shards without a checkpoint begin. Default: [`Start::TrimHorizon`].
    pub fn start(mut self, start: Start) -> Self {
        self.config.start = start;
        self
    }

    /// Begins with what arrived at or after a time (AT_TIMESTAMP).
    pub fn start_at(self, time: SystemTime) -> Self {
        self.start(Start::AtTimestamp(time))
    }

    /// Begins a shard without a checkpoint at a record, that one included (AT_SEQUENCE_NUMBER).
    pub fn start_shard(mut self, shard: impl Into<ShardId>, sequence: impl Into<SequenceNumber>) -> Self {
        self.config.start_shards.insert(shard.into(), sequence.into());
        self
    }

    /// Reads these shards and no others: neither their parents, which are not waited for, nor their children, so that the
    /// source ends once they are closed and read. All workers of an application must name the same. Default: all shards;
    /// so does an empty list.
    ///
    /// # Example
    ///
    /// ```
    /// use futures::TryStreamExt;
    /// use headwater::source::Until;
    /// use headwater_kinesis::KinesisSource;
    /// # use headwater_local::LocalKinesis;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let local = LocalKinesis::builder().stream("orders", 2).build();
    /// # let client = local.client();
    /// # for key in ["a", "b", "c", "d", "e", "f"] { local.put("orders", key, key)?; }
    /// let one = KinesisSource::builder("orders").only_shards(["shardId-000000000001"]).until(Until::Tip);
    /// # let one = one.client(client);
    /// let one = one.connect().await?;
    /// let shards = one.map_ok(|message| {
    ///     let shard = message.origin().expect("it was read from a shard").shard().clone();
    ///     message.ack();
    ///     shard
    /// });
    /// assert!(shards.try_collect::<Vec<_>>().await?.iter().all(|shard| shard.as_str().ends_with('1')));
    /// # Ok(())
    /// # }
    /// ```
    pub fn only_shards<S: Into<ShardId>>(mut self, shards: impl IntoIterator<Item = S>) -> Self {
        self.config.only_shards = shards.into_iter().map(Into::into).collect();
        self
    }

    /// Sets when the source ends by itself. Default: [`Until::Forever`].
    pub fn until(mut self, until: Until) -> Self {
        self.config.until = until;
        self
    }

    /// Sets what follows when a message is dropped without an ack. Default: [`OnAbandon::Fail`].
    pub fn on_abandon(mut self, on_abandon: OnAbandon) -> Self {
        self.config.on_abandon = on_abandon;
        self
    }

    /// Sets what follows when records were removed before they were read, as when an application was down for longer than
    /// the stream's retention. Default: [`OnGap::Continue`].
    pub fn on_gap(mut self, on_gap: OnGap) -> Self {
        self.config.on_gap = on_gap;
        self
    }

    /// Sets the most shards that this worker reads at a time, and leaves others to other workers. Default: no limit.
    pub fn max_shards(mut self, shards: usize) -> Self {
        self.config.max_shards = shards;
        self
    }

    /// Sets the most records of one GetRecords call, 1 to 10,000. Default: 10,000.
    pub fn record_limit(mut self, records: u32) -> Self {
        self.record_limit = records;
        self
    }

    /// Sets the GetRecords calls a second and shard, 0.001 to 5. Default: 5, all that a shard allows; leave
    /// some to others that poll the same stream. Pages are paced to 2 MiB/s too. A shard that is throttled nevertheless
    /// is called half as often each time, down to once in 10 s, and gets its rate back with the calls that succeed.
    pub fn shard_fetch_rate(mut self, calls_per_second: f64) -> Self {
        self.shard_fetch_rate = Some(calls_per_second);
        self
    }

    /// Polls without a pace, for endpoints without read limits. Kinesis itself would throttle it.
    pub fn unpaced(mut self) -> Self {
        self.shard_fetch_rate = None;
        self
    }

    /// Sets the pause after a page that found a shard idle, empty and at its tip, 24 h at most. Default: the pace,
    /// doubled with each such page up to 1 s and jittered, until the first record. An [`unpaced`](Self::unpaced)
    /// source begins with 10 ms and goes up to 100 ms.
    pub fn sleep_time_no_records(mut self, pause: Duration) -> Self {
        self.sleep_time_no_records = Some(pause);
        self
    }

    /// Reads by enhanced fan-out, as the registered consumer of this name: each shard is pushed, at 2 MiB/s that no other
    /// reader shares and without the latency of polling. Default: shards are polled, which costs nothing extra.
    ///
    /// The consumer is registered unless the stream has it. AWS charges for it by the hour and shard until it is
    /// [deregistered](crate::FanOut::deregister). A stream has up to 20 of them (50 with On-demand Advantage).
    ///
    /// Shards are polled until the consumer is ACTIVE, in between two subscriptions, and for a few minutes after
    /// subscriptions that failed, so that a consumer that cannot be registered or was taken away costs latency alone.
    /// The role needs the permissions for polling too, and `kinesis:DescribeStreamConsumer`,
    /// `kinesis:RegisterStreamConsumer` and `kinesis:SubscribeToShard`; to be denied one is an error, of
    /// [`connect`](Self::connect) or of the source. What is pushed while [`buffer_bytes`](Self::buffer_bytes) has no room
    /// waits a second for it, and is then let go of and asked for again.
    ///
    /// Source: [Enhanced fan-out](https://docs.aws.amazon.com/streams/latest/dev/enhanced-consumers.html).
    ///
    /// # Example
    ///
    /// ```
    /// use futures::TryStreamExt;
    /// use headwater_kinesis::KinesisSource;
    /// # use headwater_local::LocalKinesis;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let local = LocalKinesis::builder().stream("orders", 1).build();
    /// # let client = local.client();
    /// # local.put("orders", "customer-7", "an order")?;
    /// let orders = KinesisSource::builder("orders").fan_out("reports");
    /// # let orders = orders.client(client);
    /// let mut orders = orders.connect().await?;
    /// let order = orders.try_next().await?.expect("one was put");
    /// order.ack();
    /// # Ok(())
    /// # }
    /// ```
    pub fn fan_out(mut self, consumer_name: impl Into<String>) -> Self {
        self.fan_out = Some(consumer_name.into());
        self
    }

    /// Sets what becomes of KPL aggregates, and of user records that the shard they are read from does not own.
    /// Default: [`Deaggregation::KeepAll`].
    pub fn deaggregation(mut self, deaggregation: Deaggregation) -> Self {
        self.deaggregation = deaggregation;
        self
    }

    /// Sets whether KPL aggregates arrive as their user records: short for [`Deaggregation::KeepAll`], or else
    /// [`Deaggregation::Whole`]. Default: true.
    pub fn deaggregate(self, deaggregate: bool) -> Self {
        self.deaggregation(if deaggregate { Deaggregation::KeepAll } else { Deaggregation::Whole })
    }

    /// Sets how long a lease lives unrenewed. Default: 10 s.
    pub fn lease_time(mut self, time: Duration) -> Self {
        self.config.lease_time = time;
        self
    }

    /// Sets how often watermarks are stored. Default: 1 s.
    pub fn commit_interval(mut self, interval: Duration) -> Self {
        self.config.commit_interval = interval;
        self
    }

    /// Sets how often shards are listed when nothing asks for it. Default: 60 s.
    pub fn refresh_interval(mut self, interval: Duration) -> Self {
        self.config.refresh_interval = interval;
        self
    }

    /// Sets how many messages may be out unacked before no further page is opened. Default: 100,000.
    pub fn max_in_flight(mut self, messages: usize) -> Self {
        self.config.max_in_flight = messages;
        self
    }

    /// Sets the most bytes that are held, over all shards: a page counts from its request until the last of its payloads
    /// is dropped. Default: 64 MiB.
    pub fn buffer_bytes(mut self, bytes: usize) -> Self {
        self.config.buffer_bytes = bytes;
        self
    }

    /// Sets how long retryable failures go on before they end the source. Default: 5 minutes.
    pub fn outage_limit(mut self, limit: Duration) -> Self {
        self.config.outage_limit = limit;
        self
    }

    /// Sets how long a shard that another worker asked for waits for the acks of what is out, before it is released all
    /// the same and that repeats. Default: 10 s.
    pub fn handoff_timeout(mut self, timeout: Duration) -> Self {
        self.config.handoff_timeout = timeout;
        self
    }

    /// Sets how long ending waits for the acks of messages that are out. Default: 60 s.
    pub fn drain_timeout(mut self, timeout: Duration) -> Self {
        self.config.drain_timeout = timeout;
        self
    }

    /// Connects to the stream and begins to read.
    ///
    /// Makes one DescribeStreamSummary call, one ListShards call for each 1,000 shards, and one GetShardIterator call
    /// for each shard. With [`fan_out`](Self::fan_out) it makes one DescribeStreamConsumer call and, where there is no
    /// such consumer, one RegisterStreamConsumer call.
    ///
    /// # Errors
    ///
    /// `Invalid`, naming a setting and its range; `NotFound` for a stream that does not exist; `NotReady` for one that
    /// is not ACTIVE in time; `AccessDenied`; `Unavailable` or `Timeout` when the endpoint cannot be reached after four
    /// tries; what the checkpoint store answers.
    pub async fn connect(self) -> Result<KinesisSource> {
        self.validate()?;
        let (api, summary) = Box::pin(self.connection.open()).await?;
        let polling = Arc::new(Polling {
            meters: Arc::new(Meters::new(api.stream.name())),
            api: Arc::new(api),
            record_limit: self.record_limit,
            pace: PaceSettings {
                interval: self.shard_fetch_rate.map(|rate| Duration::from_secs_f64(1.0 / rate)),
                no_records: self.sleep_time_no_records,
            },
            deaggregation: self.deaggregation,
            ranges: ShardRanges::default(),
            max_record: summary.max_record,
            open_shards: summary.open_shards,
            probes: summary.open_shards as usize > self.config.buffer_bytes / limits::GET_BYTES,
        });
        let mut keeper = JoinSet::new();
        let fan_out = match self.fan_out {
            Some(name) => {
                let consumer = Arc::new(Consumer::new(Arc::clone(&polling), name, summary.arn));
                keeper.spawn(Box::pin(consumer.connect()).await?);
                Some(consumer)
            }
            None => None,
        };
        let handle = fan_out.clone().map(FanOut::new);
        let upstream = Arc::new(KinesisUpstream { polling, fan_out, _keeper: keeper });
        let source = Box::pin(ShardedSource::connect(upstream, self.config)).await?;
        Ok(KinesisSource::new(source, handle))
    }

    fn validate(&self) -> Result<()> {
        let invalid = |message: String| Err(Error::new(ErrorKind::Invalid, message));
        if !limits::GET_RECORDS.contains(&self.record_limit) {
            return invalid(format!("record_limit {}: 1 to 10,000 is allowed", self.record_limit));
        }
        if let Some(rate) = self.shard_fetch_rate
            && !(LEAST_FETCH_RATE..=limits::GET_CALLS_PER_SECOND).contains(&rate)
        {
            return invalid(format!("shard_fetch_rate {rate}: 0.001 to 5 calls/s is allowed"));
        }
        if let Some(pause) = self.sleep_time_no_records
            && pause > LONGEST_SLEEP
        {
            return invalid(format!("sleep_time_no_records {pause:?}: 24 h at most"));
        }
        if let Some(name) = &self.fan_out
            && !is_consumer_name(name)
        {
            return invalid(format!(
                "fan_out = \"{name}\": a consumer name has 1 to 128 letters, digits, underscores, dots and hyphens"
            ));
        }
        self.connection.check()
    }
}

fn is_consumer_name(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte);
    limits::CONSUMER_NAME_CHARS.contains(&name.len()) && name.bytes().all(allowed)
}
