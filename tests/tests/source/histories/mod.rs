//! Random histories of a stream and of those who read it: records, aggregates, splits, merges and trims, expired
//! iterators, broken subscriptions, failed calls and lost answers, in the store too, restarts, and kills. Each run polls or
//! reads by enhanced fan-out.
//!
//! Each run of a source has a runtime of its own with a paused clock, so that a kill takes every task with it at once,
//! as the end of a process does. What a kill leaves behind are leases that have to expire.

mod ledger;
mod world;

use std::time::Duration;

use bytes::Bytes;
use fastrand::Rng;
use futures::StreamExt;
use headwater::checkpoint::{Application, CheckpointStore, MemoryCheckpoints};
use headwater::{ErrorKind, Message};
use headwater_kinesis::KinesisSource;
use headwater_local::{Counters, ErrorCode, Fault, FaultKind, Faults, LocalKinesis};
use headwater_tests::{seeds, sized};
use tokio::runtime::{Builder, Runtime};
use tokio::time::{Instant, sleep, timeout};

use self::ledger::Ledger;
use self::world::World;
use crate::numbered::orders;

/// Far longer than anything takes in a history, leases of the dead included.
const PATIENCE: Duration = Duration::from_mins(30);

/// How a source ends before the next one starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ends {
    /// It is stopped, and what it handed out is acked: the last checkpoint is stored.
    InOrder,
    /// Its process dies.
    Killed,
}

/// One history, between two steps.
struct History {
    rng: Rng,
    world: World,
    ledger: Ledger,
    store: MemoryCheckpoints,
    steps: usize,
    /// How far virtual time has come.
    elapsed: Duration,
}

/// What goes wrong, at all times but the last.
fn faults(seed: u64) -> Faults {
    let [hang, slow] = [Fault::hang(), Fault::delay(Duration::from_millis(70))];
    Faults::seeded(seed)
        .fail_calls(0.03, ErrorCode::ProvisionedThroughputExceeded)
        .fail_calls(0.02, ErrorCode::LimitExceeded)
        .fail_calls(0.02, ErrorCode::InternalFailure)
        .lose_answers(0.03)
        .reset(0.03)
        .disconnect(0.05)
        .stall(0.01)
        .add(hang.chance(0.005))
        .add(slow.chance(0.2))
}

impl History {
    fn new(seed: u64) -> Self {
        let mut rng = Rng::with_seed(seed);
        let local = LocalKinesis::builder().stream("orders", rng.usize(1..4)).faults(faults(seed)).build();
        Self {
            world: World::new(local, rng.fork()),
            rng,
            ledger: Ledger::default(),
            store: MemoryCheckpoints::new(),
            steps: sized(300, 150),
            elapsed: Duration::ZERO,
        }
    }

    /// Plays it to its end, where everything must be read and done. Returns what happened at the endpoint.
    fn play(mut self, ends: Ends) -> Counters {
        let mut runs = 0;
        while self.steps > 0 {
            runs += 1;
            self.in_one_process(async |history| {
                let (mut source, mut out) = (history.connect().await, Vec::new());
                history.work(&mut source, &mut out).await;
                match ends {
                    Ends::InOrder => history.end_in_order(source, out).await,
                    // The runtime goes before any task hears of it.
                    Ends::Killed => drop((source, out)),
                }
            });
        }
        assert!(runs > 1, "nothing was started again");
        self.in_one_process(async |history| history.finish().await);
        self.ledger.assert_all_is_read();
        self.world.local.counters()
    }

    /// Runs something on a runtime that is dropped afterwards, with all that it still does.
    fn in_one_process(&mut self, run: impl AsyncFnOnce(&mut Self)) {
        let runtime: Runtime =
            Builder::new_current_thread().enable_all().start_paused(true).build().expect("a runtime");
        runtime.block_on(async {
            let began = Instant::now();
            tokio::time::advance(self.elapsed).await;
            run(self).await;
            self.elapsed = began.elapsed();
        });
    }

    async fn connect(&mut self) -> KinesisSource {
        self.mend_the_store();
        let rows = self.store.list(&Application::new("headwater", "orders")).await.unwrap();
        self.ledger.begin_run(&rows);
        loop {
            let source = orders(&self.world.local);
            let source = if self.rng.bool() { source.fan_out("reader") } else { source };
            let source = source
                .checkpoints(self.store.clone())
                .record_limit(self.rng.u32(1..60))
                .attempt_timeout(Duration::from_secs(2))
                .lease_time(Duration::from_millis(self.rng.u64(500..5_000)))
                .commit_interval(Duration::from_millis(self.rng.u64(50..2_000)))
                .refresh_interval(Duration::from_secs(self.rng.u64(1..30)))
                .max_in_flight(self.rng.usize(20..500))
                .buffer_bytes(1 << self.rng.u32(10..25));
            match source.connect().await {
                Ok(source) => return source,
                Err(error) => assert!(error.is_retryable(), "connect: {error}"),
            }
        }
    }

    /// Takes steps until it is time for the next run.
    async fn work(&mut self, source: &mut KinesisSource, out: &mut Vec<(usize, Message<Bytes>)>) {
        while self.steps > 0 {
            self.steps -= 1;
            match self.rng.u32(0..100) {
                0..15 => self.world.put(&mut self.ledger),
                15..32 => self.world.put_aggregate(&mut self.ledger),
                32..37 => self.world.split(&mut self.ledger),
                37..41 => self.world.merge(&mut self.ledger),
                41..44 => self.world.trim(&mut self.ledger),
                44..47 => self.world.local.expire_iterators(),
                47..50 => self.upset_the_store(),
                50..70 => self.read(source, out).await,
                70..83 => self.ack_some(out),
                83..91 => sleep(Duration::from_millis(self.rng.u64(0..10_000))).await,
                _ => return,
            }
        }
    }

    async fn read(&mut self, source: &mut KinesisSource, out: &mut Vec<(usize, Message<Bytes>)>) {
        for _ in 0..self.rng.u32(1..60) {
            let Ok(next) = timeout(Duration::from_secs(3), source.next()).await else { return };
            let message = next.expect("it reads for ever").unwrap_or_else(|error| panic!("read: {error}"));
            out.push((self.ledger.hand_out(&message), message));
        }
    }

    /// Acks some of what is out, in any order.
    fn ack_some(&mut self, out: &mut Vec<(usize, Message<Bytes>)>) {
        self.rng.shuffle(out);
        for (number, message) in out.drain(self.rng.usize(0..=out.len())..) {
            self.ledger.ack(number);
            message.ack();
        }
    }

    async fn end_in_order(&mut self, mut source: KinesisSource, mut out: Vec<(usize, Message<Bytes>)>) {
        let control = source.control();
        if self.rng.bool() {
            control.stop();
            while let Some(message) = source.next().await {
                let message = message.unwrap_or_else(|error| panic!("stop: {error}"));
                out.push((self.ledger.hand_out(&message), message));
            }
        }
        drop(source);
        for (number, message) in out {
            self.ledger.ack(number);
            message.ack();
        }
        let finished = timeout(PATIENCE, control.finished()).await.expect("it finishes");
        finished.unwrap_or_else(|error| panic!("finish: {error}"));
        self.mend_the_store();
        let rows = self.store.list(&Application::new("headwater", "orders")).await.unwrap();
        self.ledger.assert_all_acks_are_stored(&rows);
    }

    /// Reads what is left, with nothing in its way.
    async fn finish(&mut self) {
        self.world.local.faults().clear();
        let mut source = self.connect().await;
        while !self.ledger.waiting().is_empty() {
            let next = timeout(PATIENCE, source.next()).await;
            let next = next.unwrap_or_else(|_| panic!("never read: {:?}", self.ledger.waiting()));
            let message = next.expect("it reads for ever").unwrap_or_else(|error| panic!("finish: {error}"));
            let number = self.ledger.hand_out(&message);
            self.ledger.ack(number);
            message.ack();
        }
        self.end_in_order(source, Vec::new()).await;
    }

    fn upset_the_store(&mut self) {
        let verbs = self.rng.usize(1..4);
        if self.rng.bool() {
            self.store.lose_answers(verbs);
        } else {
            self.store.fail_next(verbs, ErrorKind::Throttled);
        }
    }

    fn mend_the_store(&self) {
        self.store.lose_answers(0);
        self.store.fail_next(0, ErrorKind::Throttled);
    }
}

/// Plays one history for each seed. One that fails has said what is wrong, and this says which it was.
fn play(ends: Ends) {
    let seeds: Vec<u64> = seeds(3).collect();
    let (mut polled, mut pushed, mut broken) = (0, 0, 0);
    for seed in &seeds {
        let played = std::panic::catch_unwind(|| History::new(*seed).play(ends));
        let Ok(counters) = played else { panic!("seed {seed}, {ends:?}") };
        polled += counters.records_read();
        pushed += counters.records_pushed();
        broken += counters.faults(FaultKind::Disconnect);
    }
    // One seed that is run again alone need not have them all.
    let varied = polled > 0 && pushed > 0 && broken > 0;
    assert!(varied || seeds.len() == 1, "{polled} polled, {pushed} pushed, {broken} subscriptions broken");
}

#[test]
fn every_history_is_read_whole_and_in_order_and_no_acked_record_comes_again() {
    play(Ends::InOrder);
}

#[test]
fn every_history_with_kills_is_read_whole_and_in_order_and_no_stored_record_comes_again() {
    play(Ends::Killed);
}
