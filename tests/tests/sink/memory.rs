//! What a blocked sink holds.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures::{SinkExt, StreamExt, TryStreamExt};
use headwater::Message;
use headwater::codec::Framed;
use headwater_kinesis::codec::Kpl;
use headwater_kinesis::{KinesisSink, KinesisSinkBuilder, KinesisSource};
use headwater_local::{Fault, Faults, LocalKinesis, Operation};
use tokio::time::timeout;

const MINUTE: Duration = Duration::from_mins(1);

/// The payload of a message, which is counted for as long as anything holds it.
struct Counted {
    bytes: Vec<u8>,
    held: Arc<AtomicUsize>,
}

impl Counted {
    fn payload(len: usize, held: &Arc<AtomicUsize>) -> Bytes {
        held.fetch_add(len, Ordering::Relaxed);
        Bytes::from_owner(Self { bytes: vec![b'x'; len], held: Arc::clone(held) })
    }
}

impl AsRef<[u8]> for Counted {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.held.fetch_sub(self.bytes.len(), Ordering::Relaxed);
    }
}

/// The ways in which a stream takes nothing and says nothing final.
fn blockages() -> [Faults; 3] {
    let shard = |number: usize| format!("shardId-{number:012}");
    [
        Faults::seeded(1).add(Fault::hang().on(Operation::PutRecords)),
        Faults::seeded(1).throttle_shard("orders", shard(0)).throttle_shard("orders", shard(1)),
        Faults::seeded(1).add(Fault::reset().on(Operation::PutRecords)),
    ]
}

/// A sink that tries again every few seconds: a minute of it is no thousands of calls.
fn orders(local: &LocalKinesis) -> KinesisSinkBuilder {
    let sink = KinesisSink::builder("orders").client(local.client());
    sink.expo_backoff(Duration::from_secs(2)).expo_backoff_limit(Duration::from_secs(10))
}

/// Sends at full speed for a minute, and returns the most bytes of payload that were held at once.
async fn most_held(mut sink: KinesisSink, len: usize) -> usize {
    let held = Arc::new(AtomicUsize::new(0));
    let mut most = 0;
    let feeding = async {
        for number in 0_u64.. {
            let message = Message::keyed(Counted::payload(len, &held), format!("key-{}", number % 1_000));
            most = most.max(held.load(Ordering::Relaxed));
            if let Err(error) = sink.feed(message).await {
                panic!("it is blocked, not failed: {error}");
            }
        }
    };
    timeout(MINUTE, feeding).await.expect_err("the stream takes nothing");
    most
}

async fn holds_no_more_than(bound: usize, len: usize, builder: impl Fn(&LocalKinesis) -> KinesisSinkBuilder) {
    for faults in blockages() {
        for aggregated in [false, true] {
            let local = LocalKinesis::builder().stream("orders", 2).build();
            let sink = builder(&local).connect().await.unwrap();
            let sink = if aggregated { sink.framed(Arc::new(Kpl)) } else { sink };
            local.faults().set(faults.clone());
            let most = most_held(sink, len).await;
            assert!(
                most <= bound,
                "{most} bytes held of {bound} allowed, aggregated: {aggregated}, {faults:?}"
            );
            assert!(local.counters().calls(Operation::PutRecords) > 1, "it goes on trying");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_sink_that_is_blocked_for_a_minute_holds_no_more_bytes_than_its_queue_allows() {
    // The last one accepted may exceed the bound, and the next one waits outside.
    holds_no_more_than((64 << 10) + 2 * 1_024, 1_024, |local| orders(local).max_queue_bytes(64 << 10)).await;
}

#[tokio::test(start_paused = true)]
async fn a_sink_that_is_blocked_for_a_minute_holds_no_more_messages_than_its_queue_allows() {
    holds_no_more_than(10 * (100 + 1), 10, |local| orders(local).max_queue(100)).await;
}

#[tokio::test(start_paused = true)]
async fn a_blocked_sink_stops_its_source_within_both_their_bounds() {
    const RECORD: usize = 1_000;
    for faults in blockages() {
        let local = LocalKinesis::builder().stream("from", 1).stream("orders", 2).build();
        for number in 0..10_000 {
            local.put("from", &format!("key-{}", number % 100), [b'x'; RECORD]).unwrap();
        }
        let sink = orders(&local).max_queue(100).connect().await.unwrap();
        local.faults().set(faults);
        let source = KinesisSource::builder("from").client(local.client()).record_limit(100).unpaced();
        let source = source.buffer_bytes(1 << 20).connect().await.unwrap();
        let mut relay = std::pin::pin!(source.map_ok(|message| message).forward(sink));

        timeout(MINUTE / 2, &mut relay).await.expect_err("it is blocked");
        let early = local.counters().records_read();
        timeout(MINUTE / 2, &mut relay).await.expect_err("it is blocked");
        assert_eq!(local.counters().records_read(), early, "nothing more is fetched while nothing is taken");
        // A page may be out beyond the source's budget.
        assert!(early as usize * RECORD <= (1 << 20) + (100 + 100) * RECORD, "{early} records read");
    }
}
