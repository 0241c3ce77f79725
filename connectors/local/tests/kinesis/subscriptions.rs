//! What a subscription gives, and from where.

use std::time::Duration;

use headwater_local::LocalKinesis;
use tokio::time::timeout;

use crate::fanout::{after, both_ways, eager, latest, texts, trim_horizon};

const NOTHING: [String; 0] = [];

#[tokio::test]
async fn records_are_pushed_as_soon_as_they_are_there() {
    for setup in both_ways(1, LocalKinesis::builder).await {
        setup.put("a");
        let mut events = setup.subscribe(trim_horizon()).await;
        assert_eq!(texts(&events.next().await), ["a"]);
        for data in ["b", "c", "d"] {
            setup.put(data);
            let event = timeout(Duration::from_secs(2), events.next()).await.expect("pushed, not polled for");
            assert_eq!(texts(&event), [data]);
        }
        assert_eq!(setup.local.counters().records_pushed(), 4);
    }
}

#[tokio::test]
async fn the_first_event_comes_at_once_even_if_it_is_empty() {
    for setup in both_ways(1, LocalKinesis::builder).await {
        let mut events = setup.subscribe(latest()).await;
        let event = timeout(Duration::from_secs(2), events.next()).await.expect("no heartbeat is waited for");
        assert_eq!(texts(&event), NOTHING);
        assert_eq!(event.millis_behind_latest(), 0);
        assert!(event.child_shards.is_none());
    }
}

#[tokio::test]
async fn a_subscription_resumed_after_any_event_neither_loses_nor_repeats() {
    for setup in both_ways(1, || eager().event_bytes(8)).await {
        let mut read = Vec::new();
        let mut from = trim_horizon();
        for round in 0..40 {
            if round % 3 != 0 {
                (0..round % 7).for_each(|index| drop(setup.put(&format!("{round}-{index}"))));
            }
            let mut events = setup.subscribe(from).await;
            let mut event = events.next().await;
            read.extend(texts(&event));
            if round % 2 == 0 && !event.records().is_empty() {
                setup.put(&format!("{round}-x"));
                event = events.next().await;
                read.extend(texts(&event));
            }
            from = after(event.continuation_sequence_number());
        }
        let mut events = setup.subscribe(from).await;
        loop {
            let event = events.next().await;
            if event.records().is_empty() {
                break;
            }
            read.extend(texts(&event));
            if event.millis_behind_latest() == 0 {
                break;
            }
        }
        let stored = setup.local.records("orders").unwrap();
        let stored: Vec<_> = stored.iter().map(|record| String::from_utf8_lossy(&record.data)).collect();
        assert!(stored.len() > 80);
        assert_eq!(read, stored);
    }
}
