//! What waits for what, and what must not.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use futures::{StreamExt, TryStreamExt};
use tokio::time::{Instant, sleep, timeout};

use super::odd::{Odd, Throttled, Unlisted};
use super::{LONG, config, filled, next, number, put, row, shard, until_tip};
use crate::checkpoint::MemoryCheckpoints;
use crate::source::{ShardedSource, SourceConfig};
use crate::{MemoryStream, Message, ShardId};

/// A budget that one page takes up.
const LARGEST_PAGE: usize = 1 << 20;

fn narrow() -> SourceConfig {
    SourceConfig { buffer_bytes: LARGEST_PAGE, ..config(&MemoryCheckpoints::new()) }
}

#[tokio::test(start_paused = true)]
async fn messages_out_are_bounded() {
    let stream = filled(1, 51);
    let config = SourceConfig { max_in_flight: 10, ..config(&MemoryCheckpoints::new()) };
    let mut source = stream.source_with(config).await.unwrap();
    let held: Vec<_> = (&mut source).take(51).try_collect().await.unwrap();
    put(&stream, 51, 52);
    timeout(LONG, source.next()).await.expect_err("the next page waits for acks");
    held.into_iter().for_each(Message::ack);
    let late = next(&mut source).await;
    assert_eq!(number(&late), 51);
    late.ack();
}

#[tokio::test(start_paused = true)]
async fn as_many_messages_out_as_may_be_do_not_keep_the_stream_from_its_end() {
    let config = SourceConfig { max_in_flight: 10, ..until_tip(&MemoryCheckpoints::new()) };
    let source = filled(1, 10).source_with(config).await.unwrap();
    let all: Vec<_> = timeout(LONG, source.try_collect()).await.expect("it ends").unwrap();
    assert_eq!(all.len(), 10);
    all.into_iter().for_each(Message::ack);
}

#[tokio::test(start_paused = true)]
async fn an_idle_shard_keeps_no_budget_from_an_active_one() {
    let stream = MemoryStream::new("orders", 2);
    let mut source = ShardedSource::connect(Arc::new(stream.clone()), narrow()).await.unwrap();
    let keys: HashMap<ShardId, String> =
        (0..20).map(|n| (stream.put(n.to_string(), "0").shard, n.to_string())).collect();
    assert_eq!(keys.len(), 2, "each shard has had records");
    for _ in 0..20 {
        next(&mut source).await.ack();
    }
    for key in keys.values().chain(keys.values()).flat_map(|key| [key, key]) {
        sleep(Duration::from_secs(1)).await;
        stream.put(key.as_str(), "1");
        next(&mut source).await.ack();
    }
}

#[tokio::test(start_paused = true)]
async fn a_throttled_shard_keeps_no_budget_from_the_others() {
    let stream = filled(2, 100);
    let healthy: Vec<_> = stream.records().into_iter().filter(|record| record.shard == shard(1)).collect();
    let odd =
        Odd::new(&stream).opening(|of, fetch| if *of == shard(0) { Box::new(Throttled) } else { fetch });
    let mut source = ShardedSource::connect(Arc::new(odd), narrow()).await.unwrap();
    for _ in &healthy {
        next(&mut source).await.ack();
    }
    // By then the throttled shard backs off for several seconds at a time.
    sleep(Duration::from_mins(1)).await;
    let begun = Instant::now();
    for _ in 0..10 {
        stream.put(healthy[0].key.clone(), "late");
        next(&mut source).await.ack();
    }
    assert!(begun.elapsed() < Duration::from_secs(1), "waited for a back-off: {:?}", begun.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_listing_that_hangs_holds_up_no_lease_and_no_end() {
    let store = MemoryCheckpoints::new();
    let odd = Odd::new(&filled(1, 1)).listing(|n| (n > 0).then_some(Unlisted::Hangs));
    let config = SourceConfig { refresh_interval: Duration::from_secs(1), ..config(&store) };
    let mut source = ShardedSource::connect(Arc::new(odd), config).await.unwrap();
    let control = source.control();
    next(&mut source).await.ack();
    sleep(Duration::from_secs(5)).await;
    let before = row(&store, shard(0)).await.version;
    sleep(Duration::from_secs(20)).await;
    let after = row(&store, shard(0)).await.version;
    assert!(after > before, "the lease is renewed");
    drop(source);
    timeout(LONG * 10, control.finished()).await.expect("it ends").unwrap();
}

#[tokio::test(start_paused = true)]
async fn ready_waits_for_no_consumer() {
    let stream = MemoryStream::new("orders", 2);
    for n in 0..20 {
        stream.put(n.to_string(), vec![0; 1 << 10]);
    }
    let config = SourceConfig { buffer_bytes: 4 << 10, ..config(&MemoryCheckpoints::new()) };
    let source = ShardedSource::connect(Arc::new(stream), config).await.unwrap();
    timeout(LONG, source.control().ready()).await.expect("no stall").unwrap();
}
