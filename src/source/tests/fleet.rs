//! Workers that share a stream: who reads what, and how shards go from one to another.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};

use super::sick::{Illness, Sick, Verb};
use super::{LONG, application, config, filled, next, number, put, row, rows, shard};
use crate::checkpoint::{CheckpointStore, MemoryCheckpoints, WorkerId};
use crate::source::{Control, OnAbandon, ShardState, ShardedSource, SourceConfig};
use crate::{FencingToken, MemoryStream, Message, Position, ShardId};

pub(super) const LEASE_TIME: Duration = Duration::from_secs(10);

/// What was handed out: by whom, and under which token.
pub(super) type Delivered = Arc<Mutex<BTreeMap<usize, Vec<(String, FencingToken)>>>>;

/// A worker that acks all it gets.
pub(super) struct Worker {
    pub(super) control: Control,
    reading: JoinHandle<()>,
}

impl Worker {
    pub(super) async fn join(
        stream: &MemoryStream,
        config: SourceConfig,
        name: &str,
        delivered: &Delivered,
    ) -> Self {
        let config = SourceConfig { worker: WorkerId::new(name), ..config };
        let mut source = stream.source_with(config).await.unwrap();
        let (control, name, delivered) = (source.control(), name.to_owned(), Arc::clone(delivered));
        let reading = tokio::spawn(async move {
            while let Some(message) = source.next().await {
                let message = message.unwrap();
                let token = message.origin().unwrap().fencing_token();
                delivered.lock().unwrap().entry(number(&message)).or_default().push((name.clone(), token));
                message.ack();
            }
        });
        Self { control, reading }
    }

    pub(super) fn reads(&self) -> usize {
        self.control.status().iter().filter(|status| status.state == ShardState::Reading).count()
    }

    pub(super) async fn leave(self) {
        self.control.stop();
        self.control.finished().await.unwrap();
        self.reading.await.unwrap();
    }
}

/// Returns how often each shard was claimed.
pub(super) async fn tokens(store: &MemoryCheckpoints) -> BTreeMap<ShardId, FencingToken> {
    rows(store).await.into_values().map(|row| (row.shard, row.token)).collect()
}

/// Waits until workers share so many shards evenly, and returns how long that took.
pub(super) async fn balanced(workers: &[&Worker], shards: usize) -> Duration {
    let begun = Instant::now();
    loop {
        let reads: Vec<usize> = workers.iter().map(|worker| worker.reads()).collect();
        let (least, most) = (reads.iter().min().unwrap(), reads.iter().max().unwrap());
        if reads.iter().sum::<usize>() == shards && most - least <= 1 {
            return begun.elapsed();
        }
        assert!(begun.elapsed() < LONG, "{shards} shards are shared as {reads:?}");
        sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn workers_that_join_and_leave_share_the_shards_evenly_and_repeat_nothing() {
    let (stream, store, delivered) = (filled(16, 0), MemoryCheckpoints::new(), Delivered::default());
    let join = async |name| Worker::join(&stream, config(&store), name, &delivered).await;
    let first = join("first").await;
    assert!(balanced(&[&first], 16).await < Duration::from_secs(2));
    put(&stream, 0, 1_000);
    let (second, third) = (join("second").await, join("third").await);
    let after_join = balanced(&[&first, &second, &third], 16).await;
    assert!(after_join < LEASE_TIME, "{after_join:?}");
    put(&stream, 1_000, 2_000);
    first.leave().await;
    let after_leave = balanced(&[&second, &third], 16).await;
    assert!(after_leave < LEASE_TIME, "{after_leave:?}");
    put(&stream, 2_000, 3_000);
    sleep(LEASE_TIME).await;
    for worker in [second, third] {
        worker.leave().await;
    }
    assert!(store.workers(&application()).await.unwrap().is_empty(), "who leaves retires");
    let delivered = delivered.lock().unwrap();
    assert_eq!(delivered.len(), 3_000);
    assert!(delivered.values().all(|times| times.len() == 1), "what is handed over is read once");
}

#[tokio::test(start_paused = true)]
async fn workers_that_start_at_once_share_the_shards_evenly() {
    let (stream, store, delivered) = (filled(16, 0), MemoryCheckpoints::new(), Delivered::default());
    let join = async |name| Worker::join(&stream, config(&store), name, &delivered).await;
    let (first, second, third) = futures::join!(join("first"), join("second"), join("third"));
    assert!(balanced(&[&first, &second, &third], 16).await < LEASE_TIME);
    // Whoever is in balance stays so.
    let before = tokens(&store).await;
    sleep(LEASE_TIME * 10).await;
    assert_eq!(tokens(&store).await, before, "nothing goes to and fro");
}

#[tokio::test(start_paused = true)]
async fn take_over_after_a_kill_is_within_twice_the_lease_time_with_no_leader_and_shared_evenly() {
    let (stream, store, delivered) = (filled(16, 0), MemoryCheckpoints::new(), Delivered::default());
    let cut = Arc::new(AtomicBool::new(false));
    let is_cut = Arc::clone(&cut);
    let sick = Sick::new(&store, Illness::Hangs, move |_, _| is_cut.load(Ordering::SeqCst));
    let join = async |name| Worker::join(&stream, config(&store), name, &delivered).await;
    let victim = Worker::join(&stream, config(&sick), "victim", &delivered).await;
    let (first, second) = (join("first").await, join("second").await);
    balanced(&[&victim, &first, &second], 16).await;
    // Nothing of it reaches the store any more.
    cut.store(true, Ordering::SeqCst);
    let took = balanced(&[&first, &second], 16).await;
    assert!(took >= LEASE_TIME * 2 / 3, "taken from a worker that may live: {took:?}");
    assert!(took < LEASE_TIME * 2, "{took:?}");
    put(&stream, 0, 1_000);
    sleep(LEASE_TIME * 12).await;
    let known = store.workers(&application()).await.unwrap().into_iter().map(|row| row.worker);
    assert_eq!(
        known.collect::<Vec<_>>(),
        ["first", "second"].map(WorkerId::new),
        "who is long dead is forgotten"
    );
    let delivered = delivered.lock().unwrap();
    assert_eq!(delivered.len(), 1_000);
    let once = |times: &Vec<(String, FencingToken)>| times.len() == 1 && times[0].0 != "victim";
    assert!(delivered.values().all(once), "a worker whose leases are in doubt hands out nothing");
}

#[tokio::test(start_paused = true)]
async fn small_workers_leave_the_rest_to_the_others() {
    let (stream, store, delivered) = (filled(16, 0), MemoryCheckpoints::new(), Delivered::default());
    let of = |max_shards| SourceConfig { max_shards, ..config(&store) };
    let large = Worker::join(&stream, of(usize::MAX), "large", &delivered).await;
    balanced(&[&large], 16).await;
    let small = Worker::join(&stream, of(2), "small", &delivered).await;
    sleep(LEASE_TIME).await;
    assert_eq!((large.reads(), small.reads()), (14, 2));
    let other = Worker::join(&stream, of(usize::MAX), "other", &delivered).await;
    sleep(LEASE_TIME).await;
    assert_eq!((large.reads(), small.reads(), other.reads()), (7, 2, 7));
}

#[tokio::test(start_paused = true)]
async fn finished_shards_take_no_part_in_balancing() {
    let (stream, store, delivered) = (filled(4, 400), MemoryCheckpoints::new(), Delivered::default());
    let first = Worker::join(&stream, config(&store), "first", &delivered).await;
    balanced(&[&first], 4).await;
    for n in 0..4 {
        stream.split(&shard(n)).unwrap();
    }
    balanced(&[&first], 8).await;
    let second = Worker::join(&stream, config(&store), "second", &delivered).await;
    balanced(&[&first, &second], 8).await;
    assert_eq!((first.reads(), second.reads()), (4, 4));
}

/// One shard that a source holds with its first message out and the second acked, and another worker has asked for.
pub(super) async fn asked_for(
    stream: &MemoryStream,
    config: SourceConfig,
    store: &MemoryCheckpoints,
) -> (ShardedSource, Message<Bytes>) {
    let mut source = stream.source_with(config).await.unwrap();
    next(&mut source).await.ack();
    let out = next(&mut source).await;
    next(&mut source).await.ack();
    store.announce(&application(), &asker(), u32::MAX).await.unwrap();
    let listed = row(store, shard(0)).await;
    assert!(store.request_handoff(&application(), &listed, &asker()).await.unwrap());
    sleep(Duration::from_secs(3)).await;
    (source, out)
}

pub(super) fn asker() -> WorkerId {
    WorkerId::new("asker")
}

#[tokio::test(start_paused = true)]
async fn a_hand_over_waits_for_what_is_out_and_repeats_nothing_acked() {
    let store = MemoryCheckpoints::new();
    let stream = filled(1, 100);
    let (mut source, out) = asked_for(&stream, config(&store), &store).await;
    timeout(Duration::from_secs(1), source.next())
        .await
        .expect_err("what is not out is the next worker's to read");
    assert_ne!(row(&store, shard(0)).await.owner, Some(asker()), "a message is out");
    assert_eq!(source.control().status()[0].state, ShardState::Draining);
    sleep(Duration::from_millis(100)).await;
    out.ack();
    // The next write is most of a second away, and is not waited for.
    sleep(Duration::from_millis(50)).await;
    let row = row(&store, shard(0)).await;
    assert_eq!((row.owner, row.handoff), (Some(asker()), None), "released to who asked, in one write");
}

#[tokio::test(start_paused = true)]
async fn who_was_handed_a_shard_reads_on_behind_what_was_acked() {
    let (stream, store) = (filled(1, 100), MemoryCheckpoints::new());
    let (mut source, out) = asked_for(&stream, config(&store), &store).await;
    out.ack();
    timeout(Duration::from_secs(1), source.next()).await.expect_err("the rest is the next worker's to read");
    let mut heir = stream.source_with(SourceConfig { worker: asker(), ..config(&store) }).await.unwrap();
    let begun = Instant::now();
    assert_eq!(number(&next(&mut heir).await), 3);
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
    drop(source);
}

#[tokio::test(start_paused = true)]
async fn at_its_timeout_a_hand_over_stores_the_watermark_and_late_acks_have_no_effect() {
    let (stream, store) = (filled(1, 100), MemoryCheckpoints::new());
    let config = SourceConfig { handoff_timeout: Duration::from_secs(8), ..config(&store) };
    let (source, out) = asked_for(&stream, config, &store).await;
    sleep(Duration::from_secs(4)).await;
    assert_ne!(row(&store, shard(0)).await.owner, Some(asker()), "the timeout is not over");
    sleep(Duration::from_secs(3)).await;
    let released = row(&store, shard(0)).await;
    assert_eq!(released.owner, Some(asker()));
    let first = stream.records()[0].sequence.clone();
    assert_eq!(released.checkpoint.position, Position::After { sequence: first, sub_sequence: None });
    out.ack();
    sleep(LONG).await;
    assert_eq!(row(&store, shard(0)).await.checkpoint, released.checkpoint);
    drop(source);
}

#[tokio::test(start_paused = true)]
async fn a_shard_that_a_dead_worker_asked_for_is_released_to_anyone() {
    let (stream, store) = (filled(1, 100), MemoryCheckpoints::new());
    let config = SourceConfig { handoff_timeout: LONG, ..config(&store) };
    let (source, out) = asked_for(&stream, config, &store).await;
    // Who asked has been silent for longer than a lease lasts.
    sleep(LEASE_TIME * 2).await;
    out.ack();
    sleep(Duration::from_secs(3)).await;
    assert_ne!(row(&store, shard(0)).await.owner, Some(asker()), "it would wait for the lease to expire");
    drop(source);
}

#[tokio::test(start_paused = true)]
async fn a_message_dropped_while_its_shard_is_handed_over_is_the_next_workers_to_read() {
    let (stream, store) = (filled(1, 100), MemoryCheckpoints::new());
    let config = SourceConfig { on_abandon: OnAbandon::Redeliver, ..config(&store) };
    let (mut source, out) = asked_for(&stream, config, &store).await;
    drop(out);
    timeout(Duration::from_secs(3), source.next()).await.expect_err("it is not read again here");
    let row = row(&store, shard(0)).await;
    assert_eq!(row.owner, Some(asker()));
    let first = stream.records()[0].sequence.clone();
    assert_eq!(row.checkpoint.position, Position::After { sequence: first, sub_sequence: None });
}

#[tokio::test(start_paused = true)]
async fn a_lease_that_could_not_be_renewed_is_in_doubt_until_it_is() {
    let (stream, store) = (filled(1, 100), MemoryCheckpoints::new());
    let ill = Arc::new(AtomicBool::new(false));
    let is_ill = Arc::clone(&ill);
    let sick = Sick::new(&store, Illness::Hangs, move |_, _| is_ill.load(Ordering::SeqCst));
    let mut source = stream.source_with(config(&sick)).await.unwrap();
    next(&mut source).await.ack();
    ill.store(true, Ordering::SeqCst);
    sleep(LEASE_TIME / 2).await;
    next(&mut source).await.ack();
    sleep(LEASE_TIME).await;
    // Of the page that is open a few go out before the clock is looked at.
    let mut late = 0;
    while let Ok(message) = timeout(Duration::from_secs(1), source.next()).await {
        message.unwrap().unwrap().ack();
        late += 1;
    }
    assert!(late <= 4, "{late} messages of a shard that may be another's");
    ill.store(false, Ordering::SeqCst);
    assert_eq!(number(&next(&mut source).await), late + 2, "it was renewed");
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_was_frozen_hands_out_nothing_of_what_its_heir_reads() {
    let (stream, store) = (filled(1, 100), MemoryCheckpoints::new());
    let ill = Arc::new(AtomicBool::new(false));
    let is_ill = Arc::clone(&ill);
    let sick = Sick::new(&store, Illness::Hangs, move |_, _| is_ill.load(Ordering::SeqCst));
    let mut source = stream.source_with(config(&sick)).await.unwrap();
    let out = next(&mut source).await;
    ill.store(true, Ordering::SeqCst);
    let heir = Worker::join(&stream, config(&store), "heir", &Delivered::default()).await;
    balanced(&[&heir], 1).await;
    ill.store(false, Ordering::SeqCst);
    let before = row(&store, shard(0)).await.checkpoint;
    out.ack();
    let token = row(&store, shard(0)).await.token;
    while let Ok(message) = timeout(LEASE_TIME * 2, source.next()).await {
        let message = message.unwrap().unwrap();
        let given = message.origin().unwrap().fencing_token();
        assert!(given < token, "a sink can tell it from the heir's");
        assert!(number(&message) <= 4, "no more than before the clock is looked at");
        message.ack();
    }
    let after = row(&store, shard(0)).await;
    assert_eq!(after.owner, Some(WorkerId::new("heir")));
    assert!(after.checkpoint.position >= before.position);
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_stops_gives_up_at_once_what_nothing_is_out_of() {
    let (stream, store) = (filled(2, 100), MemoryCheckpoints::new());
    let mut old = stream.source_with(config(&store)).await.unwrap();
    let out = next(&mut old).await;
    let held = out.origin().unwrap().shard().clone();
    drop(old);
    sleep(Duration::from_secs(1)).await;
    let rows = rows(&store).await;
    let free: Vec<_> = rows.values().filter(|row| row.owner.is_none()).map(|row| &row.shard).collect();
    assert_eq!(free.len(), 1, "the other waits for an ack");
    assert_ne!(*free[0], held);
    drop(out);
}

#[tokio::test(start_paused = true)]
async fn a_lease_begins_when_it_was_asked_for_and_not_when_the_answer_came() {
    let (stream, store) = (filled(1, 100), MemoryCheckpoints::new());
    let sick = Sick::with(&store, |verb, _| match verb {
        Verb::Claim => Some(Illness::Slow(Duration::from_secs(3))),
        Verb::Renew | Verb::Commit => Some(Illness::Hangs),
        _ => None,
    });
    let begun = Instant::now();
    let mut source = stream.source_with(config(&sick)).await.unwrap();
    next(&mut source).await.ack();
    sleep(LEASE_TIME.saturating_sub(begun.elapsed())).await;
    let mut late = 0;
    while let Ok(message) = timeout(Duration::from_millis(500), source.next()).await {
        message.unwrap().unwrap().ack();
        late += 1;
    }
    assert!(late <= 4, "{late} messages of a lease that others take for expired");
}

#[tokio::test(start_paused = true)]
async fn in_a_large_fleet_at_rest_too_what_a_worker_leaves_is_read_within_two_seconds() {
    let (stream, store, delivered) = (filled(600, 0), MemoryCheckpoints::new(), Delivered::default());
    let long = || SourceConfig { lease_time: Duration::from_mins(1), ..config(&store) };
    let join = async |name| Worker::join(&stream, long(), name, &delivered).await;
    let (first, second) = futures::join!(join("first"), join("second"));
    balanced(&[&first, &second], 600).await;
    sleep(Duration::from_mins(5)).await;
    first.leave().await;
    let took = balanced(&[&second], 600).await;
    assert!(took <= Duration::from_secs(2), "{took:?}");
}
