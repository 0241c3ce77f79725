//! Who waits for the buckets, in order.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep};

use super::bucket::Bucket;

/// The buckets of a throttle and the queue before them.
#[derive(Debug)]
pub(super) struct Queue {
    /// One permit, handed on first come, first served: only its owner may wait for the buckets.
    turn: Semaphore,
    buckets: Mutex<[Option<Bucket>; 2]>,
}

impl Queue {
    pub(super) fn new(buckets: [Option<Bucket>; 2]) -> Self {
        Self { turn: Semaphore::new(1), buckets: Mutex::new(buckets) }
    }

    /// Waits until everyone before has passed and the buckets hold the weights, and takes them out.
    ///
    /// Cancel safe: whoever leaves the queue has taken nothing.
    pub(super) async fn pass(&self, weights: [u64; 2]) {
        // The semaphore is never closed, so either way the turn has come.
        let _turn = self.turn.acquire().await;
        let wait = self.wait(weights);
        if !wait.is_zero() {
            sleep(wait).await;
        }
        let now = Instant::now();
        for (bucket, weight) in self.lock().iter_mut().zip(weights) {
            if let Some(bucket) = bucket {
                bucket.charge(now, weight);
            }
        }
    }

    fn wait(&self, weights: [u64; 2]) -> Duration {
        let now = Instant::now();
        let buckets = self.lock();
        let waits =
            buckets.iter().zip(weights).filter_map(|(bucket, weight)| Some((bucket.as_ref()?, weight)));
        waits.map(|(bucket, weight)| bucket.wait(now, weight)).max().unwrap_or_default()
    }

    fn lock(&self) -> MutexGuard<'_, [Option<Bucket>; 2]> {
        self.buckets.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
