//! What a subscription gives, and from where.

use std::time::Duration;

use aws_sdk_kinesis::primitives::DateTime;
use aws_sdk_kinesis::types::{ShardIteratorType, StartingPosition};
use headwater_local::LocalKinesis;
use proptest::prelude::*;
use tokio::time::{Instant, timeout};

use crate::fanout::{SOON, Setup, after, at, both_ways, eager, in_process, latest, texts, trim_horizon};
use crate::{FIRST, code, entry, iterator, read, shard_id};

const NOTHING: [String; 0] = [];

/// Everything from a position to the tip.
async fn rest(setup: &Setup, from: StartingPosition) -> Vec<String> {
    let mut events = setup.subscribe(from).await;
    let mut read = Vec::new();
    loop {
        let event = events.next().await;
        read.extend(texts(&event));
        if event.millis_behind_latest() == 0 {
            return read;
        }
    }
}

#[tokio::test]
async fn records_are_pushed_as_soon_as_they_are_there() {
    for setup in both_ways(1, LocalKinesis::builder).await {
        setup.put("a");
        let mut events = setup.subscribe(trim_horizon()).await;
        assert_eq!(texts(&events.next().await), ["a"]);
        for data in ["b", "c", "d"] {
            setup.put(data);
            let event = timeout(SOON, events.next()).await.expect("pushed, not polled for");
            assert_eq!(texts(&event), [data]);
        }
        let entries = vec![entry("k", b"e"), entry("k", b"f")];
        let put = setup.client.put_records().stream_name("orders").set_records(Some(entries));
        put.send().await.unwrap();
        let event = timeout(SOON, events.next()).await.expect("pushed, not polled for");
        assert_eq!(texts(&event), ["e", "f"]);
        assert_eq!(setup.local.counters().records_pushed(), 6);
    }
}

#[tokio::test]
async fn the_first_event_comes_at_once_even_if_it_is_empty() {
    for setup in both_ways(1, LocalKinesis::builder).await {
        let mut events = setup.subscribe(latest()).await;
        let event = timeout(SOON, events.next()).await.expect("no heartbeat is waited for");
        assert_eq!(texts(&event), NOTHING);
        assert_eq!(event.millis_behind_latest(), 0);
        assert!(event.child_shards.is_none());
    }
}

#[tokio::test]
async fn a_pushed_record_is_the_one_that_get_records_returns() {
    for setup in both_ways(1, LocalKinesis::builder).await {
        setup.put("a");
        let event = setup.subscribe(trim_horizon()).await.next().await;
        let start = iterator(&setup.client, "orders", FIRST, ShardIteratorType::TrimHorizon).await;
        assert_eq!(event.records(), read(&setup.client, start).await.records());
    }
}

#[tokio::test]
async fn a_subscription_gives_the_records_of_its_shard_alone() {
    for setup in both_ways(2, LocalKinesis::builder).await {
        let mut events = setup.try_subscribe(&shard_id(1), trim_horizon()).await.unwrap();
        assert_eq!(texts(&events.next().await), NOTHING);
        setup.local.put_at("orders", "k", 0, "other").unwrap();
        setup.local.put_at("orders", "k", u128::MAX, "own").unwrap();
        assert_eq!(texts(&events.next().await), ["own"]);
    }
}

#[tokio::test]
async fn each_position_begins_where_it_says() {
    for setup in both_ways(1, eager).await {
        let numbers = ["a", "b", "c"].map(|data| setup.put(data));
        assert_eq!(rest(&setup, trim_horizon()).await, ["a", "b", "c"]);
        assert_eq!(rest(&setup, at(&numbers[1])).await, ["b", "c"]);
        assert_eq!(rest(&setup, after(&numbers[1])).await, ["c"]);
        assert_eq!(rest(&setup, latest()).await, NOTHING);
        let mut events = setup.subscribe(latest()).await;
        setup.put("d");
        assert_eq!(events.texts().await, ["d"]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_timestamp_counts_to_the_millisecond() {
    let setup = in_process(eager().stream("orders", 1).build());
    for data in ["a", "b", "c"] {
        setup.put(data);
        tokio::time::advance(Duration::from_secs(1)).await;
    }
    let arrival = setup.local.records("orders").unwrap()[1].arrival;
    let millisecond = Duration::from_millis(1);
    let from = |at: std::time::SystemTime| {
        let from = StartingPosition::builder().r#type(ShardIteratorType::AtTimestamp);
        from.timestamp(DateTime::from(at)).build().unwrap()
    };
    assert_eq!(rest(&setup, from(arrival)).await, ["b", "c"]);
    assert_eq!(rest(&setup, from(arrival + millisecond)).await, ["c"]);
    assert_eq!(rest(&setup, from(arrival - millisecond)).await, ["b", "c"]);
    assert_eq!(rest(&setup, from(std::time::UNIX_EPOCH)).await, ["a", "b", "c"]);
    let future = setup.try_subscribe(FIRST, from(arrival + Duration::from_hours(1))).await;
    assert_eq!(code(future.map(drop)), "InvalidArgumentException");
}

#[tokio::test]
async fn a_position_that_is_none_is_refused() {
    let local = LocalKinesis::builder().stream("orders", 2).build();
    let other_shard = local.put_at("orders", "k", u128::MAX, "x").unwrap().sequence_number;
    let setup = in_process(local);
    let numberless = StartingPosition::builder().r#type(ShardIteratorType::AtSequenceNumber);
    let timeless = StartingPosition::builder().r#type(ShardIteratorType::AtTimestamp);
    let unknown = StartingPosition::builder().r#type("NOWHERE".into());
    for (from, expected) in [
        (after(&other_shard), "InvalidArgumentException"),
        (after("1"), "InvalidArgumentException"),
        (after("abc"), "ValidationException"),
        (numberless.build().unwrap(), "InvalidArgumentException"),
        (timeless.build().unwrap(), "InvalidArgumentException"),
        (unknown.build().unwrap(), "ValidationException"),
    ] {
        let refused = setup.try_subscribe(FIRST, from.clone()).await;
        assert_eq!(code(refused.map(drop)), expected, "{from:?}");
    }
    let refused = setup.try_subscribe(&shard_id(9), latest()).await;
    assert_eq!(code(refused.map(drop)), "ResourceNotFoundException");
    setup.try_subscribe(FIRST, latest()).await.expect("what was refused does not stand in the way");
}

#[tokio::test(start_paused = true)]
async fn an_idle_subscription_gives_an_empty_event_at_every_heartbeat() {
    let interval = Duration::from_secs(3);
    let setup = in_process(LocalKinesis::builder().stream("orders", 1).heartbeat(interval).build());
    let mut events = setup.subscribe(latest()).await;
    let mut last = events.next().await;
    for _ in 0..5 {
        let began = Instant::now();
        let event = events.next().await;
        assert_eq!(began.elapsed(), interval);
        assert_eq!(texts(&event), NOTHING);
        let (before, now) = (last.continuation_sequence_number(), event.continuation_sequence_number());
        assert!(before < now, "progress is seen even when no data is written: {before} {now}");
        last = event;
    }
}

#[tokio::test(start_paused = true)]
async fn an_empty_event_is_resumed_at_or_after_without_what_was_before_it() {
    let setup = in_process(eager().stream("orders", 1).build());
    setup.put("before");
    let event = setup.subscribe(latest()).await.next().await;
    let number = event.continuation_sequence_number();
    for from in [at(number), after(number)] {
        assert_eq!(rest(&setup, from).await, NOTHING);
    }
    setup.put("after");
    for from in [at(number), after(number)] {
        assert_eq!(rest(&setup, from).await, ["after"]);
    }
    let start = setup.client.get_shard_iterator().stream_name("orders").shard_id(FIRST);
    let start = start.shard_iterator_type(ShardIteratorType::AfterSequenceNumber);
    let start = start.starting_sequence_number(number).send().await.unwrap().shard_iterator.unwrap();
    assert_eq!(crate::texts(&read(&setup.client, start).await), ["after"], "GetRecords can take over");
}

#[tokio::test(start_paused = true)]
async fn trimmed_records_are_passed_over() {
    let setup = in_process(eager().stream("orders", 1).retention(Duration::from_hours(1)).build());
    let first = setup.put("a");
    tokio::time::advance(Duration::from_mins(40)).await;
    setup.put("b");
    tokio::time::advance(Duration::from_mins(30)).await;
    assert_eq!(rest(&setup, trim_horizon()).await, ["b"]);
    assert_eq!(rest(&setup, at(&first)).await, ["b"], "a number that was good once is good");
    assert_eq!(rest(&setup, after(&first)).await, ["b"]);
    setup.local.trim_all("orders").unwrap();
    assert_eq!(rest(&setup, trim_horizon()).await, NOTHING);
}

/// What happens to a stream or to its reader.
#[derive(Clone, Copy, Debug)]
enum Act {
    Put(u8),
    Read,
    Resubscribe,
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![(1..6_u8).prop_map(Act::Put), Just(Act::Read), Just(Act::Resubscribe)]
}

/// Reads through whatever happens, resuming after the last event, and returns what was read and what is stored.
async fn read_through(setup: &Setup, acts: &[Act]) -> (Vec<String>, Vec<String>) {
    let mut stored: Vec<String> = Vec::new();
    let mut read = Vec::new();
    let mut events = setup.subscribe(trim_horizon()).await;
    let mut number: Option<String> = None;
    let acts = acts.iter().copied().chain([Act::Resubscribe]);
    for act in acts {
        match act {
            Act::Put(count) => {
                for _ in 0..count {
                    stored.push(stored.len().to_string());
                    setup.put(stored.last().unwrap());
                }
            }
            Act::Read => {
                let event = events.next().await;
                read.extend(texts(&event));
                number = Some(event.continuation_sequence_number().to_owned());
            }
            Act::Resubscribe => {
                let from = number.as_deref().map_or_else(trim_horizon, after);
                events = setup.subscribe(from).await;
            }
        }
    }
    drop(events);
    let from = number.as_deref().map_or_else(trim_horizon, after);
    read.extend(rest(setup, from).await);
    (read, stored)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(64) })]

    #[test]
    fn resuming_after_any_event_neither_loses_nor_repeats(
        acts in prop::collection::vec(act(), 0..30),
        event_bytes in 1..20_usize,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
        let (read, stored) = runtime.unwrap().block_on(async {
            let setup = in_process(eager().stream("orders", 1).event_bytes(event_bytes).build());
            read_through(&setup, &acts).await
        });
        prop_assert_eq!(read, stored);
    }
}

#[tokio::test]
async fn resuming_over_tcp_neither_loses_nor_repeats() {
    for setup in both_ways(1, || eager().event_bytes(8)).await {
        let acts: Vec<Act> = (0..60)
            .map(|index| match index % 5 {
                0 | 2 => Act::Put(index % 7),
                3 => Act::Resubscribe,
                _ => Act::Read,
            })
            .collect();
        let (read, stored) = timeout(Duration::from_mins(1), read_through(&setup, &acts)).await.unwrap();
        assert_eq!(read, stored);
    }
}
