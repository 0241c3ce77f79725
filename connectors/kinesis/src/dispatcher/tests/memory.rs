//! How long payloads are kept.

use std::sync::Arc;
use std::time::Duration;

use headwater_local::{ErrorCode, Fault, Faults, LocalKinesis};
use serde::Serialize;
use tokio::time::sleep;

use super::{inject, orders};
use crate::sink::Limits;
use crate::{Dispatcher, codec};

/// A payload that is counted as long as it lives.
#[derive(Serialize)]
struct Counted {
    key: String,
    #[serde(skip)]
    _alive: Arc<()>,
}

/// Counts payloads that live.
#[derive(Default)]
struct Count(Arc<()>);

impl Count {
    fn payload(&self, key: impl Into<String>) -> Counted {
        Counted { key: key.into(), _alive: Arc::clone(&self.0) }
    }

    fn alive(&self) -> usize {
        Arc::strong_count(&self.0) - 1
    }
}

#[tokio::test(start_paused = true)]
async fn payloads_of_stored_messages_are_freed_before_the_flush() {
    let local = LocalKinesis::builder().stream("orders", 4).build();
    local.faults().set(Faults::seeded(42).fail_entries(0.2).lose_answers(0.02));
    // Each answer frees more than Tokio lets one task receive at a time.
    let sink = orders(&local).max_queue(1_000).limits(Limits::Unlimited);
    let mut dispatcher = Dispatcher::over(sink, codec::json()).connect().await.unwrap();
    let count = Count::default();
    for number in 0..10_000 {
        dispatcher.submit(count.payload(number.to_string())).await.unwrap();
        assert!(count.alive() <= 1_001, "{} are kept after {number}", count.alive());
    }
    sleep(Duration::from_mins(2)).await;
    dispatcher.submit(count.payload("the last")).await.unwrap();
    assert_eq!(count.alive(), 1);
    assert!(dispatcher.flush().await.is_empty());
    assert_eq!(count.alive(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_payload_that_is_stuck_keeps_no_other() {
    let local = LocalKinesis::builder().stream("orders", 2).build();
    let count = Count::default();
    let keys: Vec<_> = (0..1_000).map(|number| format!("key-{number}")).collect();
    let sink = orders(&local).partition_key_identifier("key");
    let mut dispatcher = Dispatcher::over(sink, codec::json()).connect().await.unwrap();
    // The shard of the first key takes nothing.
    dispatcher.submit(count.payload(&keys[0])).await.unwrap();
    assert!(dispatcher.flush().await.is_empty());
    let shard_id = local.records("orders").unwrap()[0].shard_id.clone();
    local.faults().set(Faults::seeded(1).throttle_shard("orders", shard_id));

    dispatcher.submit(count.payload(&keys[0])).await.unwrap();
    for key in &keys[1..] {
        dispatcher.submit(count.payload(key)).await.unwrap();
    }
    sleep(Duration::from_secs(5)).await;
    dispatcher.submit(count.payload(&keys[0])).await.unwrap();
    let stored = local.record_count("orders").unwrap() - 1;
    assert!((300..700).contains(&stored), "{stored} went by the other shard");
    assert_eq!(count.alive(), keys.len() + 1 - stored);
}

#[tokio::test(start_paused = true)]
async fn a_thousand_flushes_keep_nothing() {
    let local = LocalKinesis::builder().stream("orders", 1).build();
    let sink = orders(&local).retry_limit(0).limits(Limits::Unlimited);
    let mut dispatcher = Dispatcher::over(sink, codec::json()).connect().await.unwrap();
    inject(&local, Fault::fail_entries(ErrorCode::InternalFailure).chance(0.5));
    let (count, mut returned) = (Count::default(), 0);
    for number in 0..1_000 {
        dispatcher.submit(count.payload(number.to_string())).await.unwrap();
        returned += dispatcher.flush().await.len();
        assert_eq!(count.alive(), 0);
    }
    assert_eq!(returned + local.record_count("orders").unwrap(), 1_000);
}
