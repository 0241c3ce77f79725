//! Random histories of a fleet: workers join, leave, die, freeze and wake, the store goes and comes back, shards are split
//! and merged, and records come all the time.

use std::time::Duration;

use fastrand::Rng;
use headwater_tests::{StoreKind, eventually, seeds, sized};
use tokio::time::sleep;

use crate::verdict::Verdict;
use crate::world::World;

/// More workers are not started, nor more shards made.
const MOST_WORKERS: usize = 4;
const MOST_SHARDS: usize = 10;

/// The longest that a store is away in passing.
const OUTAGE: Duration = Duration::from_secs(2);

/// How long it is away, now and then, where there is time for that.
const LONG_OUTAGE: Duration = Duration::from_secs(10);

struct History {
    name: String,
    rng: Rng,
    world: World,
}

impl History {
    async fn play(kind: StoreKind, seed: u64) {
        let mut rng = Rng::with_seed(seed);
        let hold = Duration::from_millis(rng.u64(0..100));
        let world = World::new(kind, rng.usize(2..6), |job| job.hold = hold).await;
        let mut history = Self { name: format!("{kind}, seed {seed}"), rng, world };
        for _ in 0..history.rng.usize(1..4) {
            history.world.fleet.join();
        }
        for _ in 0..sized(15, 10) {
            history.step().await;
        }
        history.finish().await;
    }

    async fn step(&mut self) {
        self.world.put(self.rng.usize(10..60));
        match self.rng.u32(0..100) {
            0..20 => self.join(),
            20..30 => self.leave().await,
            30..45 => self.kill().await,
            45..60 => self.freeze_or_wake().await,
            60..75 => self.take_the_store_away().await,
            75..88 if self.world.open().len() < MOST_SHARDS => self.world.split(&mut self.rng),
            _ if self.world.open().len() > 1 => self.world.merge(&mut self.rng),
            _ => {}
        }
        self.world.check_failures();
        if self.rng.bool() && !self.world.fleet.living().is_empty() {
            self.some_are_done().await;
        }
    }

    /// Waits until the fleet has got somewhere.
    async fn some_are_done(&mut self) {
        let before = self.world.fleet.ledger().done().len();
        let world = &mut self.world;
        eventually("something is done", async || {
            world.put(1);
            (world.fleet.ledger().done().len() > before + 10).then_some(())
        })
        .await;
    }

    fn join(&mut self) {
        if self.world.fleet.living().len() < MOST_WORKERS {
            self.world.fleet.join();
        }
    }

    fn any(&mut self) -> Option<String> {
        self.rng.choice(self.world.fleet.living())
    }

    async fn leave(&mut self) {
        if let Some(worker) = self.any() {
            self.world.fleet.leave(&worker).await;
        }
    }

    async fn kill(&mut self) {
        if let Some(worker) = self.any() {
            self.world.fleet.kill(&worker).await;
        }
    }

    /// Wakes who is frozen, whoever has its shards by now; else freezes a worker, often for longer than its leases live.
    async fn freeze_or_wake(&mut self) {
        if let Some(worker) = self.world.fleet.frozen().first() {
            self.world.fleet.wake(worker);
        } else if let Some(worker) = self.any() {
            self.world.freeze(&worker);
            sleep(self.world.lease_time.mul_f64(2.0 * self.rng.f64())).await;
        }
    }

    async fn take_the_store_away(&mut self) {
        // A worker that finds no store when it starts ends with an error, as it should.
        eventually("every worker has started", async || {
            let ledger = self.world.fleet.ledger();
            self.world.fleet.living().iter().all(|worker| ledger.is_ready(worker)).then_some(())
        })
        .await;
        self.world.store.begin_outage();
        self.world.put(self.rng.usize(1..30));
        let is_long = self.rng.usize(0..4) < sized(1, 0);
        sleep(if is_long { LONG_OUTAGE } else { OUTAGE.mul_f64(self.rng.f64()) }).await;
        self.world.store.end_outage();
    }

    /// Reads what is left, with nothing in its way, and lets everybody leave.
    async fn finish(mut self) {
        for worker in self.world.fleet.frozen() {
            self.world.fleet.wake(&worker);
        }
        self.join();
        self.world.put_everywhere();
        self.world.all_is_stored().await;
        for worker in self.world.fleet.living() {
            self.world.fleet.leave(&worker).await;
        }
        let verdict = Verdict::on(&self.world);
        verdict.check(&self.name);
        println!(
            "{}: {} numbers, {} handed out again, {} of them by one who had just lost the lease",
            self.name,
            self.world.entries.len(),
            verdict.repeated().len(),
            verdict.stale().len(),
        );
    }
}

async fn play(kind: StoreKind) {
    for seed in seeds(3) {
        println!("{kind}, seed {seed}");
        History::play(kind, seed).await;
    }
}

on_every_store! { soak_every_history_of_a_fleet_keeps_every_promise: play }
