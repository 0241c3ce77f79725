//! What is stored, in which order, and how fast.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_kinesis::types::{RecordDistributionStrategy, StreamMode, StreamModeDetails};
use futures::{SinkExt, StreamExt, stream};
use headwater::checkpoint::Tracker;
use headwater::codec::{Framed, Framing};
use headwater::{Headers, Message, Position};
use headwater_local::{ErrorCode, Fault, Faults, LocalKinesis, Operation, ShardRates};
use tokio::time::Instant;

use super::{numbered, numbers, orders};
use crate::kpl::{Kpl, hash_key};
use crate::sink::Limits;

#[tokio::test(start_paused = true)]
async fn per_key_order_survives_throttling_partial_failure_and_lost_answers() {
    let local = LocalKinesis::builder().stream("orders", 4).build();
    local.faults().set(Faults::seeded(42).fail_entries(0.2).lose_answers(0.05).reset(0.02));
    let sink = orders(&local).linger(Duration::from_millis(5)).connect().await.unwrap();
    let tracker = Tracker::new();
    let after = |n: u32| Position::After { sequence: n.to_string().into(), sub_sequence: None };
    let acks = tracker.open((0..3_000).map(|number| (after(number), None)));
    let messages = acks.enumerate().map(|(number, ack)| {
        let key = format!("key-{}", number % 50);
        Ok(Message::from_parts(number.to_string().into(), Some(key.into()), Headers::new(), None, ack))
    });
    stream::iter(messages.collect::<Vec<_>>()).forward(sink).await.unwrap();
    assert_eq!(tracker.in_flight(), 0);
    for key in 0..50 {
        let mut seen = HashSet::new();
        let mut first = numbers(&local, Some(&format!("key-{key}")));
        first.retain(|number| seen.insert(*number));
        assert_eq!(first, (0..60).map(|nth| nth * 50 + key).collect::<Vec<_>>(), "key {key}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_never_answers_times_out_and_is_retried() {
    for fault in [Fault::hang(), Fault::hang_answer(), Fault::reset()] {
        let local = LocalKinesis::builder().stream("orders", 1).build();
        local.faults().set(Faults::seeded(1).add(fault.on(Operation::PutRecords).times(1)));
        let mut sink = orders(&local).attempt_timeout(Duration::from_secs(2)).connect().await.unwrap();
        let started = Instant::now();
        sink.send(numbered("a", 1)).await.unwrap();
        assert!(started.elapsed() < Duration::from_secs(3), "{:?}", started.elapsed());
        assert_eq!(local.counters().calls(Operation::PutRecords), 2);
    }
}

#[tokio::test(start_paused = true)]
async fn any_error_code_on_one_record_is_tried_again_for_that_record_alone() {
    for code in [
        ErrorCode::ProvisionedThroughputExceeded,
        ErrorCode::InternalFailure,
        ErrorCode::Other { name: "KMSThrottlingException", status: 400 },
        ErrorCode::Other { name: "NeverHeardOf", status: 400 },
    ] {
        let local = LocalKinesis::builder().stream("orders", 1).build();
        local.faults().set(Faults::seeded(1).add(Fault::fail_entries(code).skip(3).times(1)));
        let mut sink = orders(&local).connect().await.unwrap();
        for number in 0..10 {
            sink.feed(numbered(format!("key-{number}"), number)).await.unwrap();
        }
        sink.close().await.unwrap();
        assert_eq!(sink.status().retried(), 1);
        let mut stored = numbers(&local, None);
        stored.sort_unstable();
        assert_eq!(stored, (0..10).collect::<Vec<_>>(), "{code:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_limited_stream_takes_what_its_shards_allow_and_is_not_throttled() {
    let local = LocalKinesis::builder().stream("orders", 2).rates(ShardRates::aws()).build();
    let sink = orders(&local).connect().await.unwrap();
    // Hash keys in turn, so that both shards get as much.
    let shards = local.shards("orders").unwrap();
    let key = move |number: u32| {
        let hash = shards[number as usize % 2].starting_hash_key;
        headwater::Key::from(format!("key-{number}")).hashed(headwater::HashKey::new(hash))
    };
    let messages = (0..22_000).map(move |number| Ok(Message::keyed(number.to_string().into(), key(number))));
    let started = Instant::now();
    stream::iter(messages).forward(sink).await.unwrap();
    let ideal = Duration::from_secs(11);
    assert!(started.elapsed() < ideal.mul_f64(1.03), "{:?}", started.elapsed());
    let (stored, failed) = (local.counters().entries_accepted(), local.counters().entries_failed());
    assert_eq!(stored, 22_000);
    assert!(failed * 100 < stored, "{failed} of {stored} were throttled");
}

#[tokio::test(start_paused = true)]
async fn without_limits_a_throttled_stream_takes_everything_in_the_end() {
    let local = LocalKinesis::builder().stream("orders", 1).build();
    local.rates().set(ShardRates { write_records_per_second: Some(100), ..ShardRates::UNLIMITED });
    let sink = orders(&local).limits(Limits::Unlimited).connect().await.unwrap();
    let messages = (0..500).map(|number| Ok(numbered(format!("key-{number}"), number)));
    stream::iter(messages).forward(sink).await.unwrap();
    assert_eq!(local.record_count("orders").unwrap(), 500);
}

#[tokio::test(start_paused = true)]
async fn messages_of_many_keys_share_an_aggregate_of_their_shard_and_each_keeps_its_own() {
    let local = LocalKinesis::builder().stream("orders", 4).build();
    let sink = orders(&local).connect().await.unwrap().framed(Arc::new(Kpl));
    let messages = (0..1_000).map(|number| Ok(numbered(format!("key-{}", number % 50), number)));
    stream::iter(messages).forward(sink).await.unwrap();
    let shards = local.shards("orders").unwrap();
    let records = local.records("orders").unwrap();
    assert_eq!(records.len(), 4, "one for each shard");
    for record in records {
        assert_eq!(record.partition_key, "a");
        let shard = shards.iter().find(|shard| shard.shard_id == record.shard_id).unwrap();
        let mut last = HashMap::new();
        for part in Kpl.split(&record.data).parts {
            let (key, number) =
                (part.key.unwrap(), std::str::from_utf8(&part.payload).unwrap().parse::<u32>().unwrap());
            let hash_key = hash_key(&key).get();
            assert!((shard.starting_hash_key..=shard.ending_hash_key).contains(&hash_key), "{key}");
            assert_eq!(key.partition_key(), format!("key-{}", number % 50));
            assert!(last.insert(key, number).is_none_or(|last| last < number));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn messages_without_a_key_share_aggregates_that_a_strict_reader_keeps() {
    let local = LocalKinesis::builder().stream("orders", 3).build();
    let sink = orders(&local).connect().await.unwrap().framed(Arc::new(Kpl));
    let messages = (0..20_000_u32).map(|number| Ok(Message::new(format!("{number:0>100}").into())));
    stream::iter(messages).forward(sink).await.unwrap();
    let shards = local.shards("orders").unwrap();
    let records = local.records("orders").unwrap();
    let mut count = 0;
    for record in &records {
        let shard = shards.iter().find(|shard| shard.shard_id == record.shard_id).unwrap();
        for part in Kpl.split(&record.data).parts {
            let hash_key = hash_key(&part.key.unwrap_or_else(|| record.partition_key.as_str().into())).get();
            assert!((shard.starting_hash_key..=shard.ending_hash_key).contains(&hash_key));
            count += 1;
        }
    }
    assert_eq!(count, 20_000);
    assert!(records.len() < 100, "{}", records.len());
    let used: HashSet<_> = records.iter().map(|record| record.shard_id.clone()).collect();
    assert_eq!(used.len(), 3, "they go where there is room");
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_distributes_by_itself_gets_no_aggregates() {
    let local = LocalKinesis::new();
    let mode = StreamModeDetails::builder().stream_mode(StreamMode::OnDemand).build().unwrap();
    let create = local.client().create_stream().stream_name("orders").stream_mode_details(mode);
    create.record_distribution_strategy(RecordDistributionStrategy::Auto).send().await.unwrap();
    let sink = orders(&local).connect().await.unwrap().framed(Arc::new(Kpl));
    let messages = (0..100).map(|number| Ok(numbered("a", number)));
    stream::iter(messages).forward(sink).await.unwrap();
    let mut stored = numbers(&local, Some("a"));
    stored.sort_unstable();
    assert_eq!(stored, (0..100).collect::<Vec<_>>());
}
