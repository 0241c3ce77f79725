//! A shard that is read by fan-out, as the engine would.

use headwater::source::Fetch;
use headwater_local::{LocalKinesisBuilder, Operation};
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::*;
use crate::source::fan_out::{Consumer, FanOut, SwitchingFetch};

pub(super) const SUBSCRIBE: Operation = Operation::SubscribeToShard;

/// A consumer, and the task that looks after it.
pub(super) struct Setup {
    pub(super) local: LocalKinesis,
    pub(super) consumer: Arc<Consumer>,
    _keeper: JoinSet<()>,
}

impl Setup {
    pub(super) async fn new(builder: LocalKinesisBuilder) -> Self {
        Self::of(builder.stream("orders", 1).build()).await
    }

    pub(super) async fn of(local: LocalKinesis) -> Self {
        let polling = polling(&local.client());
        Self::polled(local, polling).await
    }

    pub(super) async fn polled(local: LocalKinesis, polling: Arc<Polling>) -> Self {
        let client = local.client();
        let arn = client.describe_stream_summary().stream_name("orders").send().await.unwrap();
        let arn = arn.stream_description_summary.unwrap().stream_arn;
        let consumer = Arc::new(Consumer::new(polling, "reports".into(), arn));
        let mut keeper = JoinSet::new();
        keeper.spawn(consumer.connect().await.unwrap());
        Self { local, consumer, _keeper: keeper }
    }

    pub(super) fn open(&self, from: ReadFrom) -> Reader {
        let fetch = SwitchingFetch::new(Arc::clone(&self.consumer), shard(0), from);
        Reader { fetch, read: Vec::new(), gaps: 0 }
    }

    pub(super) fn handle(&self) -> FanOut {
        FanOut::new(Arc::clone(&self.consumer))
    }

    pub(super) fn subscriptions(&self) -> usize {
        let counted = self.local.subscription_count("orders").unwrap();
        assert_eq!(counted, self.handle().subscribed_shards());
        counted
    }

    pub(super) fn subscribe_calls(&self) -> u64 {
        self.local.counters().calls(SUBSCRIBE)
    }
}

/// Does what a reader of the engine does, and keeps what came.
pub(super) struct Reader {
    pub(super) fetch: SwitchingFetch,
    pub(super) read: Vec<usize>,
    pub(super) gaps: usize,
}

impl Reader {
    pub(super) async fn page(&mut self) -> Page {
        self.fetch.due().await;
        let largest = self.fetch.largest();
        let page = self.fetch.next().await.unwrap();
        assert!(page.bytes <= largest, "{} bytes where {largest} were reserved", page.bytes);
        self.read.extend(numbers(&page));
        self.gaps += usize::from(page.gap);
        page
    }

    /// Reads until `count` records have come.
    pub(super) async fn until(&mut self, count: usize) {
        let all = async {
            while self.read.len() < count {
                self.page().await;
            }
        };
        assert!(
            timeout(Duration::from_hours(1), all).await.is_ok(),
            "{} records are all that came",
            self.read.len()
        );
    }

    /// Reads for a time.
    pub(super) async fn during(&mut self, time: Duration) {
        let _ = timeout(time, async { while self.page().await.end.is_none() {} }).await;
    }

    #[track_caller]
    pub(super) fn assert_read(&self, numbers: std::ops::Range<usize>) {
        let odd = self.read.iter().zip(numbers.clone()).find(|(read, number)| **read != *number);
        assert_eq!((odd, self.read.len()), (None, numbers.len()), "nothing is lost and nothing repeated");
        assert_eq!(self.gaps, 0, "nothing is missing");
    }
}
