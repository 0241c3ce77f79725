//! One verb of the store hangs, and costs nothing else.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};

use super::fleet::{Delivered, LEASE_TIME, Worker, asker, balanced};
use super::leases::longest_unrenewed;
use super::sick::{Illness, Sick, Verb};
use super::{LONG, application, claim, config, filled, next, row, rows, shard};
use crate::checkpoint::{CheckpointStore, MemoryCheckpoints};
use crate::source::SourceConfig;
use crate::{ErrorKind, MemoryStream, ShardId};

/// A store that is ill once it is told to be.
fn ill(
    store: &MemoryCheckpoints,
    illness: Illness,
    breaks_out: impl Fn(Verb, Option<&ShardId>) -> bool + Send + Sync + 'static,
) -> (Sick, Arc<AtomicBool>) {
    let ill = Arc::new(AtomicBool::new(false));
    let is_ill = Arc::clone(&ill);
    let sick =
        Sick::new(store, illness, move |verb, of| is_ill.load(Ordering::SeqCst) && breaks_out(verb, of));
    (sick, ill)
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_retires_slowly_keeps_the_leases_that_it_waits_for() {
    for already in 0..4 {
        let (stream, store) = (filled(1, 10), MemoryCheckpoints::new());
        let is_last = |verb| matches!(verb, Verb::Workers | Verb::Retire);
        let (sick, ill) = ill(&store, Illness::Slow(LEASE_TIME * 3 / 10), move |verb, _| is_last(verb));
        let mut source = stream.source_with(config(&sick)).await.unwrap();
        let out = next(&mut source).await;
        sleep(Duration::from_millis(already * 1_000 + 500)).await;
        ill.store(true, Ordering::SeqCst);
        drop(source);
        let longest = longest_unrenewed(&store, shard(0)).await;
        assert!(longest < LEASE_TIME / 2, "{longest:?}");
        drop(out);
    }
}

#[tokio::test(start_paused = true)]
async fn finished_tells_that_the_last_checkpoint_could_not_be_stored() {
    for drain_timeout in [0, 1, 2, 5, 8] {
        let store = MemoryCheckpoints::new();
        let (sick, ill) = ill(&store, Illness::Hangs, |verb, _| verb == Verb::Commit);
        let config = SourceConfig { drain_timeout: Duration::from_secs(drain_timeout), ..config(&sick) };
        let mut source = filled(1, 1).source_with(config).await.unwrap();
        let control = source.control();
        let message = next(&mut source).await;
        ill.store(true, Ordering::SeqCst);
        message.ack();
        drop(source);
        timeout(LONG, control.finished()).await.expect("it ends").unwrap_err();
    }
}

#[tokio::test(start_paused = true)]
async fn a_stop_is_heard_while_many_claims_hang() {
    let store = Sick::new(&MemoryCheckpoints::new(), Illness::Hangs, |verb, _| verb == Verb::Claim);
    let source = MemoryStream::new("orders", 400).source_with(config(&store)).await.unwrap();
    let control = source.control();
    sleep(Duration::from_secs(1)).await;
    drop(source);
    let begun = Instant::now();
    timeout(LONG * 10, control.finished()).await.expect("it ends").unwrap();
    assert!(begun.elapsed() < LEASE_TIME, "{:?}", begun.elapsed());
}

#[tokio::test(start_paused = true)]
async fn while_many_claims_hang_what_is_asked_for_is_handed_over_and_the_worker_is_seen_to_live() {
    let (stream, store) = (filled(400, 0), MemoryCheckpoints::new());
    let sick = Sick::new(&store, Illness::Hangs, |verb, of| verb == Verb::Claim && of != Some(&shard(0)));
    let source = stream.source_with(config(&sick)).await.unwrap();
    sleep(Duration::from_secs(2)).await;
    let listed = row(&store, shard(0)).await;
    store.announce(&application(), &asker(), u32::MAX).await.unwrap();
    assert!(store.request_handoff(&application(), &listed, &asker()).await.unwrap());
    sleep(LEASE_TIME).await;
    assert_ne!(row(&store, shard(0)).await.owner, listed.owner);
    let announced = async || store.workers(&application()).await.unwrap().pop().unwrap().version;
    let before = announced().await;
    sleep(LEASE_TIME).await;
    assert!(announced().await > before);
    drop(source);
}

#[tokio::test(start_paused = true)]
async fn a_lease_that_cannot_be_written_or_given_up_keeps_no_other_shard_from_being_read() {
    for illness in [Illness::Hangs, Illness::Fails(ErrorKind::Unavailable)] {
        for stuck in [Verb::Release, Verb::Renew] {
            let (stream, store) = (filled(2, 0), MemoryCheckpoints::new());
            let other = store.claim(&claim("other", shard(1))).await.unwrap().unwrap();
            let sick = Sick::new(&store, illness, move |verb, of| verb == stuck && of == Some(&shard(0)));
            let source = stream.source_with(config(&sick)).await.unwrap();
            source.control().ready().await.unwrap();
            let listed = row(&store, shard(0)).await;
            if stuck == Verb::Release {
                store.request_handoff(&application(), &listed, &asker()).await.unwrap();
            }
            let begun = Instant::now();
            let mut lease = other;
            while begun.elapsed() < LEASE_TIME * 2 {
                lease = store.renew(&lease).await.unwrap();
                sleep(Duration::from_secs(1)).await;
            }
            store.release(&lease, None).await.unwrap();
            sleep(LEASE_TIME * 2 / 3).await;
            assert_eq!(row(&store, shard(1)).await.owner, listed.owner, "{stuck:?} {illness:?}");
            drop(source);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_cannot_announce_itself_reads_what_is_free() {
    for illness in [Illness::Hangs, Illness::Fails(ErrorKind::Unavailable)] {
        let store = MemoryCheckpoints::new();
        let sick = Sick::new(&store, illness, |verb, _| verb == Verb::Announce);
        let source = filled(4, 0).source_with(config(&sick)).await.unwrap();
        sleep(LEASE_TIME).await;
        assert_eq!(rows(&store).await.len(), 4, "{illness:?}");
        drop(source);
    }
}

#[tokio::test(start_paused = true)]
async fn leases_are_renewed_in_time_however_short() {
    let (stream, store) = (filled(1, 0), MemoryCheckpoints::new());
    let slow = Sick::new(&store, Illness::Slow(Duration::from_millis(10)), |verb, _| verb == Verb::List);
    let config = SourceConfig { lease_time: Duration::from_secs(3), ..config(&slow) };
    let source = stream.source_with(config).await.unwrap();
    let longest = longest_unrenewed(&store, shard(0)).await;
    assert!(longest < Duration::from_millis(1_500), "{longest:?}");
    drop(source);
}

#[tokio::test(start_paused = true)]
async fn many_writes_that_hang_let_the_other_leases_live() {
    let (stream, store) = (filled(200, 0), MemoryCheckpoints::new());
    let sick = Sick::new(&store, Illness::Hangs, |verb, of| {
        verb == Verb::Renew && of.is_some_and(|of| *of < shard(64))
    });
    let source = stream.source_with(config(&sick)).await.unwrap();
    source.control().ready().await.unwrap();
    sleep(LEASE_TIME * 2).await;
    for n in [64, 100, 199] {
        let longest = longest_unrenewed(&store, shard(n)).await;
        assert!(longest < LEASE_TIME, "{longest:?}");
    }
    drop(source);
}

#[tokio::test(start_paused = true)]
async fn thousands_of_shards_are_shared_before_a_lease_could_expire() {
    let (stream, store, delivered) = (filled(1_000, 0), MemoryCheckpoints::new(), Delivered::default());
    let slow = Sick::new(&store, Illness::Slow(Duration::from_millis(5)), |_, _| true);
    let first = Worker::join(&stream, config(&slow), "first", &delivered).await;
    balanced(&[&first], 1_000).await;
    let second = Worker::join(&stream, config(&slow), "second", &delivered).await;
    let took = balanced(&[&first, &second], 1_000).await;
    assert!(took < LEASE_TIME, "{took:?}");
}
