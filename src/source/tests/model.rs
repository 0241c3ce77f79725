//! Whatever comes to a source, and in whatever order, the promises hold.

use std::collections::HashSet;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use fastrand::Rng;
use proptest::prelude::*;
use tokio::time::{sleep, timeout};

use super::chunked::Chunked;
use super::ledger::{Ledger, Stint, rows};
use super::odd::{Odd, Singles};
use super::shard;
use super::workers::{Feed, Health, Out, Worker};
use crate::checkpoint::{MemoryCheckpoints, WorkerId};
use crate::source::{OnAbandon, ReadFrom, ShardState, SourceConfig, Until};
use crate::{ErrorKind, MemoryStream, Position, Result, ShardId};

/// Longer than leases live, acks are waited for, and failures back off.
pub(super) const PATIENCE: Duration = Duration::from_mins(3);

pub(super) struct World {
    pub(super) rng: Rng,
    pub(super) stream: MemoryStream,
    pub(super) store: MemoryCheckpoints,
    pub(super) health: Arc<Health>,
    pub(super) ledger: Ledger,
    pub(super) workers: Vec<Worker>,
    put: u64,
    names: usize,
}

impl World {
    fn new(seed: u64) -> Self {
        let mut rng = Rng::with_seed(seed);
        let shards = rng.usize(1..4);
        let stream = MemoryStream::new("orders", shards);
        let health = Health { rng: Mutex::new(rng.fork()), ..Health::default() };
        let mut ledger = Ledger::default();
        for n in 0..shards {
            ledger.records.insert(shard(n), Vec::new());
            ledger.parents.insert(shard(n), Vec::new());
        }
        let store = MemoryCheckpoints::new();
        Self { rng, stream, store, health: Arc::new(health), ledger, workers: Vec::new(), put: 0, names: 0 }
    }

    pub(super) fn one<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.rng.usize(..of.len())]
    }

    pub(super) fn some_shard(&mut self) -> ShardId {
        let at = self.rng.usize(..self.ledger.records.len());
        self.ledger.records.keys().nth(at).unwrap().clone()
    }

    fn put_some(&mut self) {
        for _ in 0..self.one(&[1, 5, 40]) {
            let size = self.one(&[1, 100, 900]);
            let record = self.stream.put(self.rng.u64(..).to_string(), vec![7; size]);
            self.put = record.sequence.as_str().parse().unwrap();
            self.ledger.records.get_mut(&record.shard).unwrap().push(self.put);
        }
    }

    fn reshard(&mut self) {
        if self.ledger.records.len() > 14 {
            return;
        }
        let open = self.stream.open_shards();
        let at = self.rng.usize(..open.len());
        let children = match open.get(at + 1) {
            Some(next) if self.rng.bool() => match self.stream.merge(&open[at], next) {
                Ok(child) => vec![(child, vec![open[at].clone(), next.clone()])],
                Err(_) => return,
            },
            _ => {
                let children = self.stream.split(&open[at]).unwrap();
                children.map(|child| (child, vec![open[at].clone()])).into()
            }
        };
        for (child, parents) in children {
            self.ledger.records.insert(child.clone(), Vec::new());
            self.ledger.parents.insert(child, parents);
        }
    }

    fn trim(&mut self) {
        let records = self.stream.records();
        if records.is_empty() {
            return;
        }
        let last = &records[self.rng.usize(..records.len())];
        self.stream.trim(last);
        let until: u64 = last.sequence.as_str().parse().unwrap();
        let gone = self.ledger.records[&last.shard].iter().filter(|record| **record <= until);
        self.ledger.trimmed.extend(gone);
    }

    async fn join_somehow(&mut self) {
        let until = self.one(&[Until::Tip, Until::Forever, Until::Forever]);
        let max_shards = self.one(&[1, 2, usize::MAX, usize::MAX]);
        self.join(until, max_shards).await;
    }

    pub(super) async fn join(&mut self, until: Until, max_shards: usize) {
        let before = SystemTime::now();
        while SystemTime::now() <= before {}
        self.names += 1;
        let name = self.names;
        let config = SourceConfig {
            until,
            max_shards,
            on_abandon: self.one(&[OnAbandon::Redeliver, OnAbandon::Fail]),
            max_in_flight: self.one(&[1, 10, 1_000]),
            buffer_bytes: self.one(&[1 << 10, 16 << 10, 1 << 20]),
            handoff_timeout: self.one(&[Duration::ZERO, Duration::from_secs(2), Duration::MAX]),
            refresh_interval: self.one(&[Duration::from_secs(1), Duration::from_mins(1)]),
            ..SourceConfig::default()
        };
        let mut odd = Odd::new(&self.stream);
        match self.rng.u8(..4) {
            0 => odd = odd.opening(|_, fetch| Singles::boxed(fetch)),
            1 => odd = odd.opening(|_, fetch| Chunked::boxed(fetch)),
            2 => odd = odd.opening(|_, fetch| Chunked::boxed(Singles::boxed(fetch))),
            _ => {}
        }
        let parted = self.rng.u8(..3) == 0;
        let mut worker = Worker::connect(name, odd, config, &self.store, &self.health, parted).await;
        worker.due = self.workers.is_empty().then_some(self.put);
        self.workers.iter_mut().for_each(|worker| worker.due = None);
        self.workers.push(worker);
        sleep(Duration::from_millis(self.rng.u64(..3_000))).await;
        self.ledger.check_stored(&self.store);
    }

    /// Polls a worker for a message. Tells whether there may be more.
    pub(super) async fn poll(&mut self, at: usize, patience: Duration) -> bool {
        let worker = &mut self.workers[at];
        let in_history = matches!(worker.feed, Some(Feed::Parted(Some(_), _)));
        let next = timeout(patience, worker.next()).await;
        // Claims show before their first message.
        self.ledger.check_stored(&self.store);
        match next {
            Err(_) => return false,
            Ok(None) if worker.feed.is_none() => return false,
            Ok(Some(Ok(message))) => {
                let origin = message.origin().unwrap();
                let stint = (worker.name, origin.shard().clone(), origin.fencing_token().0);
                let record: u64 = origin.sequence().as_str().parse().unwrap();
                assert!(!worker.is_paused(&stint.1), "{record} of {} comes though it is paused", stint.1);
                let epoch = self.ledger.deliver(&stint, record, &self.store);
                worker.held.push(Out { stint, epoch, record, message });
                return true;
            }
            Ok(Some(Err(error))) => {
                assert_eq!(error.kind(), ErrorKind::Abandoned, "{error}");
                assert!(worker.dropped && !worker.redelivers, "{error}");
                worker.due = None;
            }
            Ok(None) => {}
        }
        self.end_of(at, in_history);
        in_history
    }

    /// A stream has ended.
    fn end_of(&mut self, at: usize, in_history: bool) {
        let worker = &mut self.workers[at];
        if let Some(due) = worker.due.filter(|_| in_history || worker.until == Until::Tip) {
            let out: Vec<u64> = worker.held.iter().map(|out| out.record).collect();
            let missed: Vec<u64> = self.ledger.unsettled();
            let missed: Vec<_> =
                missed.into_iter().filter(|record| *record <= due && !out.contains(record)).collect();
            assert!(missed.is_empty() || worker.dropped, "{} ended before {missed:?}", worker.name);
        }
        worker.due = None;
        worker.has_ended();
    }

    pub(super) fn settle(&mut self, at: usize, all: bool) {
        let worker = &mut self.workers[at];
        let mut count = if all { worker.held.len() } else { self.rng.usize(..=worker.held.len()) };
        while count > 0 {
            count -= 1;
            let out = worker.held.swap_remove(self.rng.usize(..worker.held.len()));
            self.ledger.ack(&out.stint, out.epoch, out.record, &self.store);
            out.message.ack();
        }
    }

    fn abandon(&mut self, at: usize) {
        let worker = &mut self.workers[at];
        if worker.held.is_empty() {
            return;
        }
        worker.dropped = true;
        let out = worker.held.swap_remove(self.rng.usize(..worker.held.len()));
        self.ledger.abandon(&out.stint, out.epoch, out.record);
    }

    async fn seek(&mut self, at: usize) {
        let shard = self.some_shard();
        let worker = &mut self.workers[at];
        let records = &self.ledger.records[&shard];
        let (to, after) = match records.len() {
            0 => (Position::Beginning, 0),
            len => {
                let after = records[self.rng.usize(..len)];
                (Position::After { sequence: after.to_string().into(), sub_sequence: None }, after)
            }
        };
        let everywhere = self.rng.bool();
        let before: HashSet<Stint> = self.ledger.cursors.keys().cloned().collect();
        let (answer, after) = if everywhere {
            (timeout(PATIENCE, worker.control.seek_all(Position::Beginning)).await, 0)
        } else {
            (timeout(PATIENCE, worker.control.seek(&shard, ReadFrom::Position(to))).await, after)
        };
        if answer.expect("a seek is answered").is_ok() {
            worker.due = None;
            self.ledger.check_stored(&self.store);
            let shard = (!everywhere).then_some(&shard);
            self.ledger.seek(worker.name, shard, after, &before);
        }
    }

    /// Ends a worker in order.
    pub(super) async fn leave(&mut self, at: usize) {
        let mut worker = self.workers.remove(at);
        // One that has ended by itself does not wait for acks for ever.
        worker.dropped |= worker.feed.is_none();
        if self.rng.bool() {
            worker.control.stop();
        }
        worker.feed = None;
        if self.rng.bool() {
            sleep(Duration::from_millis(self.rng.u64(..2_000))).await;
        }
        self.workers.push(worker);
        let at = self.workers.len() - 1;
        self.settle(at, true);
        let worker = self.workers.pop().unwrap();
        self.end(worker).await;
    }

    async fn end(&mut self, worker: Worker) {
        let cut_off = worker.cut_off.load(Ordering::SeqCst);
        let ill = cut_off
            || worker.hung.lock().unwrap().is_some()
            || self.health.fails.load(Ordering::SeqCst) + self.health.loses.load(Ordering::SeqCst) > 0;
        let finished: Result<()> = timeout(PATIENCE, worker.control.finished()).await.expect("it ends");
        match finished {
            Ok(()) => self.ledger.check_ended(worker.name, &self.store),
            Err(error) => assert!(ill || worker.dropped, "{error}"),
        }
        self.ledger.check_stored(&self.store);
        assert_eq!(worker.budget.used(), 0, "the budget leaks");
    }

    async fn act(&mut self) {
        let at = if self.workers.is_empty() { 0 } else { self.rng.usize(..self.workers.len()) };
        if self.workers.is_empty() {
            return self.join_somehow().await;
        }
        match self.rng.u8(..108) {
            0..15 => self.put_some(),
            15..20 => self.reshard(),
            20..22 => self.trim(),
            22..50 => {
                let patience = Duration::from_millis(self.one(&[1, 50, 2_000]));
                for _ in 0..self.one(&[1, 4, 30]) {
                    if !self.poll(at, patience).await {
                        break;
                    }
                }
            }
            50..68 => self.settle(at, false),
            68..70 => self.abandon(at),
            70..76 => {
                let shard = self.some_shard();
                self.workers[at].direct(&shard, self.rng.u8(..6));
            }
            76..78 => self.seek(at).await,
            78..88 => {
                let most = self.one(&[10, 1_000, 1_000, 20_000]);
                sleep(Duration::from_millis(self.rng.u64(..most))).await;
            }
            88..90 => {
                let (fails, loses) = self.one(&[(0, 0), (30, 0), (0, 30), (30, 30), (100, 0)]);
                self.health.set(fails, loses);
            }
            90..92 => self.health.set(0, 0),
            92..94 => self.stream.faults().fail_fetches(self.rng.u32(1..4), ErrorKind::Throttled),
            94..96 if self.workers.len() < 4 => self.join_somehow().await,
            100..104 => self.ask_for_one().await,
            104..106 => self.reset().await,
            106..108 => self.hang(at),
            96..98 => {
                let cut_off = self.rng.bool();
                self.workers[at].cut_off.store(cut_off, Ordering::SeqCst);
            }
            98..100 => self.leave(at).await,
            _ => {}
        }
    }
}

async fn run(seed: u64, steps: usize) {
    let mut world = World::new(seed);
    for _ in 0..steps {
        world.act().await;
        world.ledger.check_stored(&world.store);
    }
    world.quiesce().await;
    // What was read again ends too, once leases left behind have expired.
    while world.take_all(Duration::from_secs(30)).await {}
    sleep(Duration::from_secs(3)).await;
    for worker in &world.workers {
        assert_eq!(worker.budget.used(), 0, "the budget leaks");
        for status in worker.control.status() {
            let reading = status.state == ShardState::Reading;
            assert!(!reading || status.millis_behind_latest == Some(0), "its lag stays: {status:?}");
            assert_eq!(status.in_flight, 0, "{status:?}");
        }
    }
    world.check_settled().await;
    world.ledger.check_all_stored(&world.store);
    let last: Vec<_> = world.workers.iter().map(|worker| WorkerId::new(worker.name.to_string())).collect();
    while !world.workers.is_empty() {
        world.leave(0).await;
    }
    // Where the answer to a claim was lost, one that left before may own a row.
    let unfinished = rows(&world.store).into_iter().filter(|row| row.checkpoint.position != Position::End);
    let owners = unfinished.filter_map(|row| row.owner);
    assert!(owners.into_iter().all(|owner| !last.contains(&owner)), "leases are left behind");
}

fn play(seed: u64, steps: usize) {
    fastrand::seed(seed);
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(run(seed, steps));
}

/// Few cases by default, for each takes some 50 ms.
fn few() -> ProptestConfig {
    let config = ProptestConfig { failure_persistence: None, ..ProptestConfig::default() };
    match std::env::var_os("PROPTEST_CASES") {
        Some(_) => config,
        None => ProptestConfig { cases: 40, ..config },
    }
}

proptest! {
    #![proptest_config(few())]

    #[test]
    fn whatever_comes_nothing_is_lost_and_no_checkpoint_passes_what_is_not_done(
        seed in any::<u64>(),
        steps in 10..250_usize,
    ) {
        play(seed, steps);
    }
}
