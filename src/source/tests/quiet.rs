//! What the model does once nothing more is thrown in the way, and how a fleet then has to settle.

use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::fleet::{LEASE_TIME, tokens};
use super::ledger::rows;
use super::model::{PATIENCE, World};
use crate::ErrorKind;
use crate::checkpoint::WorkerId;
use crate::source::Until;

impl World {
    /// Takes and acks what comes. Tells whether anything did.
    pub(super) async fn take_all(&mut self, patience: Duration) -> bool {
        let mut any = false;
        for at in 0..self.workers.len() {
            while self.poll(at, patience).await {
                any = true;
            }
            self.settle(at, true);
        }
        any
    }

    /// Ends all that was thrown in the way, and reads what is left.
    pub(super) async fn quiesce(&mut self) {
        self.health.set(0, 0);
        self.stream.faults().fail_fetches(0, ErrorKind::Throttled);
        for worker in &mut self.workers {
            worker.cut_off.store(false, Ordering::SeqCst);
            *worker.hung.lock().unwrap() = None;
            worker.resume();
        }
        for at in (0..self.workers.len()).rev() {
            let worker = &self.workers[at];
            if worker.until == Until::Tip || worker.dropped && !worker.redelivers || worker.feed.is_none() {
                self.leave(at).await;
            }
        }
        // One that takes whatever the others have no room for.
        if !self.workers.iter().any(|worker| worker.max_shards == usize::MAX) {
            self.join(Until::Forever, usize::MAX).await;
        }
        let begun = Instant::now();
        while !self.ledger.unsettled().is_empty() {
            self.take_all(Duration::from_millis(100)).await;
            assert!(begun.elapsed() < PATIENCE * 4, "a stall: {:?}", self.ledger.unsettled());
        }
    }

    /// Every shard is read by a worker, each has as many as the others or as it takes, and so it stays.
    pub(super) async fn check_settled(&mut self) {
        let begun = Instant::now();
        // The end of an empty shard too comes to those who look.
        while begun.elapsed() < LEASE_TIME * 5 {
            self.take_all(Duration::from_millis(100)).await;
        }
        let before = tokens(&self.store).await;
        sleep(LEASE_TIME * 5).await;
        assert_eq!(tokens(&self.store).await, before, "shards go to and fro");
        let rows = rows(&self.store);
        let open = self.stream.open_shards();
        let owners: Vec<&WorkerId> = open
            .iter()
            .map(|shard| {
                let row = rows.iter().find(|row| row.shard == *shard).expect("it was claimed");
                row.owner.as_ref().expect("somebody reads it")
            })
            .collect();
        let names = self.workers.iter().map(|worker| WorkerId::new(worker.name.to_string()));
        let parts: Vec<(usize, usize)> = names
            .zip(&self.workers)
            .map(|(name, worker)| (owners.iter().filter(|owner| ***owner == name).count(), worker.max_shards))
            .collect();
        assert_eq!(parts.iter().map(|(reads, _)| reads).sum::<usize>(), open.len(), "{owners:?}");
        let most = parts.iter().map(|(reads, _)| *reads).max().unwrap();
        assert!(parts.iter().all(|(reads, max)| reads == max || reads + 1 >= most), "{parts:?}");
    }
}
