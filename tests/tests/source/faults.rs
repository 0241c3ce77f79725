//! What faults do to the source, on our own endpoint: nothing but time.

use std::time::{Duration, SystemTime};

use futures::{StreamExt, TryStreamExt};
use headwater::checkpoint::{Application, ApplicationStart, CheckpointStore, MemoryCheckpoints};
use headwater::source::{Start, Until};
use headwater::{ErrorKind, Headers, Message};
use headwater_kinesis::codec::Framing;
use headwater_kinesis::kpl::Kpl;
use headwater_kinesis::{KinesisSource, KinesisSourceBuilder};
use headwater_local::{ErrorCode, Fault, FaultKind, Faults, LocalKinesis, Operation, ShardRates};

use headwater_tests::eventually;

use crate::collect::{numbers, read, read_some};

fn source(local: &LocalKinesis) -> KinesisSourceBuilder {
    KinesisSource::builder("orders").client(local.client()).until(Until::Tip).unpaced()
}

fn filled(shards: usize, records: usize) -> LocalKinesis {
    let local = LocalKinesis::builder().stream("orders", shards).build();
    put(&local, 0..records);
    local
}

fn put(local: &LocalKinesis, numbers: std::ops::Range<usize>) {
    for number in numbers {
        local.put("orders", &format!("key-{}", number % 17), number.to_string()).unwrap();
    }
}

/// Returns a time between what was put before and what comes after, with room on both sides for the milliseconds that
/// Kinesis counts in and for what two clocks of one machine differ by.
async fn a_moment_later() -> SystemTime {
    let room = Duration::from_millis(50);
    let between = SystemTime::now() + room;
    while SystemTime::now() < between + room {
        tokio::task::yield_now().await;
    }
    between
}

async fn reads_all_with(faults: Faults, kinds: &[FaultKind]) {
    let local = filled(4, 400);
    local.faults().set(faults);
    let source = source(&local).record_limit(10).attempt_timeout(Duration::from_millis(300));
    let seen = read(source.connect().await.unwrap()).await.unwrap();
    assert_eq!(numbers(&seen), (0..400).collect::<Vec<_>>());
    for kind in kinds {
        assert!(local.counters().faults(*kind) > 0, "{kind:?} was really there");
    }
}

#[tokio::test]
async fn a_shard_survives_failed_calls_of_every_kind() {
    for code in
        [ErrorCode::InternalFailure, ErrorCode::ServiceUnavailable, ErrorCode::ProvisionedThroughputExceeded]
    {
        reads_all_with(Faults::seeded(1).fail_calls(0.1, code), &[FaultKind::FailCall]).await;
    }
}

#[tokio::test]
async fn a_call_that_never_answers_times_out_and_is_retried() {
    reads_all_with(
        Faults::seeded(2).add(Fault::hang().on(Operation::GetRecords).chance(0.05)),
        &[FaultKind::Hang],
    )
    .await;
}

#[tokio::test]
async fn lost_answers_and_reset_connections_cost_nothing_but_time() {
    reads_all_with(
        Faults::seeded(3).lose_answers(0.1).reset(0.1),
        &[FaultKind::LoseAnswer, FaultKind::Reset],
    )
    .await;
}

#[tokio::test]
async fn an_iterator_that_expires_before_its_first_use_resumes_from_the_checkpoint() {
    let (local, store) = (filled(1, 10), MemoryCheckpoints::new());
    read(source(&local).checkpoints(store.clone()).connect().await.unwrap()).await.unwrap();
    put(&local, 10..20);
    let expired = Fault::fail_calls(ErrorCode::ExpiredIterator).on(Operation::GetRecords).times(2);
    local.faults().set(Faults::seeded(0).add(expired));
    let seen = read(source(&local).checkpoints(store).connect().await.unwrap()).await.unwrap();
    assert_eq!(numbers(&seen), (10..20).collect::<Vec<_>>());
}

#[tokio::test]
async fn expired_iterators_are_recovered_from_the_last_position() {
    let local = filled(2, 100);
    let mut reading = source(&local).until(Until::Forever).record_limit(5).connect().await.unwrap();
    let mut seen = Vec::new();
    for batch in 0..4 {
        local.expire_iterators();
        let messages: Vec<Message<_>> = (&mut reading).take(25).try_collect().await.unwrap();
        assert_eq!(messages.len(), 25, "batch {batch}");
        seen.extend(messages.into_iter().map(crate::collect::Seen::from));
    }
    assert_eq!(numbers(&seen), (0..100).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_throttled_source_backs_off_and_reads_everything() {
    let rates = ShardRates { read_calls_per_second: Some(5), ..ShardRates::UNLIMITED };
    let local = LocalKinesis::builder().stream("orders", 1).rates(rates).build();
    put(&local, 0..20);
    let seen = read(source(&local).record_limit(2).connect().await.unwrap()).await.unwrap();
    assert_eq!(numbers(&seen), (0..20).collect::<Vec<_>>());
}

#[tokio::test]
async fn children_of_a_split_are_read_from_their_beginning_whatever_the_start_position_was() {
    let local = filled(1, 10);
    a_moment_later().await;
    let reading = source(&local).until(Until::Forever).start(Start::Latest).connect().await.unwrap();
    reading.control().ready().await.unwrap();
    put(&local, 10..20);
    let [low, _] = local.split_shard("orders", "shardId-000000000000").unwrap();
    put(&local, 20..40);
    local.split_shard("orders", &low).unwrap();
    put(&local, 40..60);
    let seen = read_some(reading, 50).await.unwrap();
    assert_eq!(numbers(&seen), (10..60).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_stream_of_2_500_shards_is_listed_whole() {
    let local = LocalKinesis::builder().shard_limit(2_500).stream("orders", 2_500).build();
    let reading = source(&local).connect().await.unwrap();
    let control = reading.control();
    control.ready().await.unwrap();
    assert_eq!(control.status().len(), 2_500);
    assert!(local.counters().calls(Operation::ListShards) >= 3, "a page names 1,000 shards at most");
}

#[tokio::test]
async fn a_closed_shard_is_read_to_its_end() {
    let local = filled(1, 100);
    local.split_shard("orders", "shardId-000000000000").unwrap();
    let seen = read(source(&local).record_limit(7).connect().await.unwrap()).await.unwrap();
    assert_eq!(numbers(&seen), (0..100).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_clock_ahead_of_kinesis_does_not_fail_a_start_at_latest() {
    let (local, store) = (filled(1, 5), MemoryCheckpoints::new());
    let application = Application::new("headwater", "orders");
    let shards = vec!["shardId-000000000000".into()];
    let at = SystemTime::now() + Duration::from_mins(10);
    store.start(&application, ApplicationStart { at, shards }).await.unwrap();
    let reading = source(&local).until(Until::Forever).start(Start::Latest).checkpoints(store);
    let reading = reading.connect().await.unwrap();
    // The place is settled with the first call.
    eventually("an iterator is asked for", async || {
        (local.counters().calls(Operation::GetRecords) > 0).then_some(())
    })
    .await;
    put(&local, 5..10);
    assert_eq!(numbers(&read_some(reading, 5).await.unwrap()), (5..10).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_source_starts_where_it_is_told() {
    let local = filled(1, 10);
    let at = a_moment_later().await;
    put(&local, 10..20);
    let late = read(source(&local).start_at(at).connect().await.unwrap()).await.unwrap();
    assert_eq!(numbers(&late), (10..20).collect::<Vec<_>>());

    let records = local.shard_records("orders", "shardId-000000000000").unwrap();
    let seventh = records[7].sequence_number.as_str();
    let from = source(&local).start_shard("shardId-000000000000", seventh);
    assert_eq!(numbers(&read(from.connect().await.unwrap()).await.unwrap()), (7..20).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_restart_in_the_middle_of_an_aggregate_resumes_at_the_next_user_record() {
    let local = LocalKinesis::builder().stream("orders", 1).build();
    let mut frame = Kpl.open();
    for number in 0..10 {
        frame.push(&"key".into(), number.to_string().as_bytes(), &Headers::new());
    }
    local.put("orders", "a", frame.finish()).unwrap();
    put(&local, 10..12);
    let store = MemoryCheckpoints::new();
    let first = source(&local).checkpoints(store.clone()).connect().await.unwrap();
    assert_eq!(numbers(&read_some(first, 4).await.unwrap()), (0..4).collect::<Vec<_>>());
    let second = source(&local).checkpoints(store).connect().await.unwrap();
    assert_eq!(numbers(&read(second).await.unwrap()), (4..12).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_damaged_aggregate_is_delivered_whole() {
    let local = LocalKinesis::builder().stream("orders", 1).build();
    let mut frame = Kpl.open();
    frame.push(&"key".into(), b"1", &Headers::new());
    frame.push(&"key".into(), b"2", &Headers::new());
    let mut record = frame.finish().to_vec();
    *record.last_mut().unwrap() ^= 1;
    local.put("orders", "a", &record).unwrap();
    let mut source = source(&local).connect().await.unwrap();
    let message = source.try_next().await.unwrap().unwrap();
    assert_eq!(message.payload()[..], record);
    message.ack();
}

#[tokio::test]
async fn a_record_carries_where_it_came_from() {
    let local = filled(1, 1);
    let stored = local.records("orders").unwrap().remove(0);
    let mut source = source(&local).connect().await.unwrap();
    let message = source.try_next().await.unwrap().unwrap();
    let origin = message.origin().unwrap();
    assert_eq!(origin.stream(), "orders");
    assert_eq!(origin.shard().as_str(), stored.shard_id);
    assert_eq!(origin.sequence().as_str(), stored.sequence_number);
    assert_eq!(origin.sub_sequence(), None);
    assert_eq!(message.key().unwrap().partition_key(), stored.partition_key);
    let drift = stored.arrival.duration_since(origin.arrival().unwrap()).unwrap_or_default();
    assert!(drift < Duration::from_millis(1), "{drift:?}");
    message.ack();
}

#[tokio::test]
async fn a_fatal_error_fails_fast_with_no_more_than_one_call_per_request() {
    let local = filled(1, 1);
    let denied = Fault::fail_calls(ErrorCode::AccessDenied).on(Operation::GetRecords);
    local.faults().set(Faults::seeded(0).add(denied));
    let mut source = source(&local).connect().await.unwrap();
    let error = source.try_next().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AccessDenied);
    assert!(error.to_string().contains("get records from shardId-000000000000 of \"orders\""), "{error}");
    assert_eq!(local.counters().calls(Operation::GetRecords), 1, "no more than one call");
}

#[tokio::test]
async fn a_stream_that_is_deleted_ends_its_source() {
    let local = filled(1, 1);
    let mut source = source(&local).until(Until::Forever).connect().await.unwrap();
    source.try_next().await.unwrap().unwrap().ack();
    local.delete_stream("orders").unwrap();
    let error = source.try_next().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
}

#[tokio::test]
async fn start_up_makes_a_bounded_number_of_control_plane_calls() {
    let local = filled(8, 8);
    read(source(&local).connect().await.unwrap()).await.unwrap();
    let counters = local.counters();
    assert_eq!(counters.calls(Operation::DescribeStreamSummary), 1);
    assert_eq!(counters.calls(Operation::ListShards), 1);
    assert_eq!(counters.calls(Operation::GetShardIterator), 8);
}
