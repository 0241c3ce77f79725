//! How a shard goes from one worker to another when something else happens meanwhile.

use std::time::Duration;

use futures::StreamExt;
use metrics_util::debugging::{DebugValue, DebuggingRecorder};
use tokio::time::{sleep, timeout};

use super::fleet::{Delivered, LEASE_TIME, Worker, asked_for, asker, balanced, tokens};
use super::sick::{Illness, Sick, Verb};
use super::{LONG, ack_all, application, config, filled, next, put, row, shard, stored, until_tip};
use crate::Position;
use crate::checkpoint::{CheckpointStore, MemoryCheckpoints};
use crate::source::{ShardState, SourceConfig};

#[tokio::test(start_paused = true)]
async fn a_hand_over_without_limit_may_be_asked_for() {
    let (stream, store) = (filled(1, 100), MemoryCheckpoints::new());
    let config = SourceConfig { handoff_timeout: Duration::MAX, ..config(&store) };
    let (source, out) = asked_for(&stream, config, &store).await;
    sleep(LONG).await;
    assert_ne!(row(&store, shard(0)).await.owner, Some(asker()));
    out.ack();
    drop(source);
}

#[tokio::test(start_paused = true)]
async fn a_release_whose_answer_is_lost_is_no_lease_lost() {
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    let guard = metrics::set_default_local_recorder(&recorder);
    let (stream, store) = (filled(1, 100), MemoryCheckpoints::new());
    let sick = Sick::new(&store, Illness::LosesTheAnswer, |verb, _| verb == Verb::Release);
    let (mut source, out) = asked_for(&stream, config(&sick), &store).await;
    out.ack();
    timeout(Duration::from_secs(5), source.next()).await.expect_err("the rest is the next worker's to read");
    drop(guard);
    assert_eq!(row(&store, shard(0)).await.owner, Some(asker()));
    let counted: Vec<(String, u64)> = snapshotter
        .snapshot()
        .into_vec()
        .into_iter()
        .filter_map(|(key, _, _, value)| match value {
            DebugValue::Counter(value) => Some((key.key().name().to_owned(), value)),
            _ => None,
        })
        .collect();
    let of = |name: &str| counted.iter().find(|(counted, _)| counted == name).unwrap().1;
    assert_eq!(of("headwater_source_leases_lost_total"), 0);
    assert_eq!(of("headwater_source_handoffs_total"), 1);
    drop(source);
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_ends_at_the_tip_asks_for_no_more_than_its_part() {
    let (stream, store, delivered) = (filled(6, 600), MemoryCheckpoints::new(), Delivered::default());
    let first = Worker::join(&stream, config(&store), "first", &delivered).await;
    balanced(&[&first], 6).await;
    let second = stream.source_with(until_tip(&store)).await.unwrap();
    let control = second.control();
    control.pause_all();
    let reading = tokio::spawn(ack_all(second));
    sleep(LEASE_TIME).await;
    let status = control.status();
    let reads = status.iter().filter(|status| status.state == ShardState::Reading);
    let reads: Vec<_> = reads.map(|status| status.shard.clone()).collect();
    assert_eq!(reads.len(), 3);
    let before = tokens(&store).await;
    // Of one it is not at the tip, and so does not end.
    control.resume_all();
    control.pause(&reads[0]).unwrap();
    sleep(LEASE_TIME * 10).await;
    let after = tokens(&store).await;
    assert_eq!(after, before, "nothing goes to and fro");
    control.stop();
    reading.await.unwrap();
    first.leave().await;
}

#[tokio::test(start_paused = true)]
async fn a_shard_that_an_operator_reset_is_read_again_though_it_was_finished() {
    let (stream, store, delivered) = (filled(1, 100), MemoryCheckpoints::new(), Delivered::default());
    let first = Worker::join(&stream, config(&store), "first", &delivered).await;
    stream.split(&shard(0)).unwrap();
    sleep(LEASE_TIME).await;
    let listed = row(&store, shard(0)).await;
    assert_eq!(listed.checkpoint.position, Position::End);
    let (application, beginning) = (application(), Position::Beginning.into());
    assert!(store.reset(&application, &shard(0), Some(&listed), &beginning).await.unwrap());
    sleep(LEASE_TIME).await;
    assert_eq!(stored(&store, shard(0)).await, Position::End);
    assert!(delivered.lock().unwrap().values().all(|times| times.len() == 2));
    first.leave().await;
}

#[tokio::test(start_paused = true)]
async fn what_a_leaving_worker_gives_up_is_taken_at_once_though_it_waits_for_an_ack() {
    let (stream, store, delivered) = (filled(16, 0), MemoryCheckpoints::new(), Delivered::default());
    let mut leaving = stream.source_with(config(&store)).await.unwrap();
    let join = async |name| Worker::join(&stream, config(&store), name, &delivered).await;
    let (first, second) = (join("first").await, join("second").await);
    timeout(LEASE_TIME, leaving.next()).await.expect_err("there is nothing to read");
    assert!(first.reads() + second.reads() <= 12);
    put(&stream, 0, 160);
    let out = next(&mut leaving).await;
    drop(leaving);
    sleep(Duration::from_secs(4)).await;
    assert_eq!(first.reads() + second.reads(), 15);
    out.ack();
    balanced(&[&first, &second], 16).await;
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_stops_in_the_midst_of_a_hand_over_keeps_to_its_timeout() {
    let (stream, store) = (filled(1, 100), MemoryCheckpoints::new());
    let (source, out) = asked_for(&stream, config(&store), &store).await;
    drop(source);
    sleep(LEASE_TIME).await;
    assert_eq!(row(&store, shard(0)).await.owner, Some(asker()));
    out.ack();
}

#[tokio::test(start_paused = true)]
async fn a_paused_page_is_handed_over_at_once_whatever_the_commit_interval() {
    let (stream, store) = (filled(1, 100), MemoryCheckpoints::new());
    let config = SourceConfig {
        lease_time: Duration::from_mins(10),
        commit_interval: Duration::from_mins(3),
        ..config(&store)
    };
    let mut source = stream.source_with(config).await.unwrap();
    next(&mut source).await.ack();
    let control = source.control();
    control.pause(&shard(0)).unwrap();
    let reading = tokio::spawn(async move { source.next().await });
    store.announce(&application(), &asker(), u32::MAX).await.unwrap();
    let listed = row(&store, shard(0)).await;
    assert!(store.request_handoff(&application(), &listed, &asker()).await.unwrap());
    sleep(Duration::from_secs(5)).await;
    assert_eq!(row(&store, shard(0)).await.owner, Some(asker()));
    reading.abort();
}

#[tokio::test(start_paused = true)]
async fn of_two_workers_with_one_name_one_reads_a_shard_and_the_other_stands_by() {
    let (stream, store, delivered) = (filled(4, 400), MemoryCheckpoints::new(), Delivered::default());
    let first = Worker::join(&stream, config(&store), "twin", &delivered).await;
    let second = Worker::join(&stream, config(&store), "twin", &delivered).await;
    sleep(LEASE_TIME).await;
    let before = tokens(&store).await;
    sleep(LEASE_TIME * 10).await;
    assert_eq!(tokens(&store).await, before);
    second.leave().await;
    balanced(&[&first], 4).await;
    first.leave().await;
}
