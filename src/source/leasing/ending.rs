//! The end of a source: what is out is waited for, the last watermarks are stored, the leases given up.

use std::time::Duration;

use tokio::time::{Instant, sleep, timeout_at};

use crate::source::leasing::coordinator::Coordinator;
use crate::source::leasing::held::Held;
use crate::{Error, ErrorKind, Result};

/// How long the last write and the release of the leases may take beyond `drain_timeout`.
const LAST_WORD: Duration = Duration::from_secs(5);
/// Longer than any process lives, and no overflow.
pub(in crate::source) const FOR_EVER: Duration = Duration::from_hours(24 * 365 * 30);

impl Coordinator {
    /// Stops reading, waits for the acks of what is out, stores the last watermarks and gives the leases up.
    pub(in crate::source) async fn wind_down(&mut self) -> Result<()> {
        self.events = None;
        // Who asks is told at once that it is too late.
        self.seeks.close();
        while self.seeks.try_recv().is_ok() {}
        self.leases.held.values().for_each(Held::stop_reading);
        let deadline = Instant::now() + self.config.drain_timeout.min(FOR_EVER);
        // A verb that hangs counts too.
        let _late = timeout_at(deadline, self.drain()).await;
        let unacked = self.unacked();
        let last_word = (Instant::now() + LAST_WORD).max(deadline);
        let late = |_| Err(Error::new(ErrorKind::Timeout, "store the last checkpoint: no answer in time"));
        let written = timeout_at(last_word, self.last_write(deadline)).await.unwrap_or_else(late);
        if let Err(error) = timeout_at(last_word, self.last_release(deadline)).await.unwrap_or_else(late) {
            // What was acked is stored; the next worker waits for the leases to expire.
            tracing::warn!(stream = self.upstream.stream(), %error, "leases not released");
        }
        self.publish();
        unacked.map_or(Ok(()), Err).and(written)
    }

    /// Waits for the acks of what is out, and gives up each shard of which nothing is.
    async fn drain(&mut self) {
        // Before any lease is free, so that the others count without this one.
        let retiring = self.leases.exchange.retire();
        if let Err(error) = self.meanwhile(retiring).await.flatten() {
            tracing::warn!(stream = self.upstream.stream(), %error, "the others will miss this worker");
        }
        self.leases.held.values().for_each(|held| held.reading.tracker.drain());
        loop {
            let is_ready = |held: &&Held| held.is_drained() || held.is_handed_over();
            let drained = self.leases.held.values().filter(is_ready);
            let partings = drained.map(|held| self.parting(held)).collect();
            // A failure of the store is not final before the last write.
            let _tried_again = self.part_with(partings).await;
            if self.leases.held.values().all(|held| held.reading.tracker.in_flight() == 0) {
                return;
            }
            tokio::select! {
                () = self.in_flight.attention() => {}
                _ = self.write.tick() => drop(self.leases.write().await),
            }
        }
    }

    async fn last_write(&mut self, deadline: Instant) -> Result<()> {
        // The drain may have been cut short.
        self.leases.keep();
        while let Err(error) = self.leases.write().await {
            self.try_again(error, deadline).await?;
        }
        Ok(())
    }

    async fn last_release(&mut self, deadline: Instant) -> Result<()> {
        while !self.leases.held.is_empty() {
            let partings = self.leases.held.values().map(|held| self.parting(held)).collect();
            if let Err(error) = self.part_with(partings).await.1 {
                self.try_again(error, deadline).await?;
            }
        }
        Ok(())
    }

    /// Waits before another try: a store that is down for a while costs that while, and nothing else.
    async fn try_again(&self, error: Error, deadline: Instant) -> Result<()> {
        if Instant::now() >= deadline {
            return Err(error);
        }
        self.leases.tolerate(error)?;
        sleep(self.config.commit_interval.min(self.config.lease_time / 3)).await;
        Ok(())
    }

    /// Returns an error that names every shard with messages that were dropped unacked or are still out.
    pub(in crate::source) fn unacked(&self) -> Option<Error> {
        let shards: Vec<String> = self
            .leases
            .held
            .iter()
            .filter_map(|(shard, held)| {
                let tracker = &held.reading.tracker;
                let out = tracker.in_flight();
                match tracker.abandoned() {
                    Some(position) => Some(format!("{shard} at {position}")),
                    None if out > 0 => Some(format!("{shard}: {out} messages not acked")),
                    None => None,
                }
            })
            .collect();
        (!shards.is_empty()).then(|| {
            let context = format!("read \"{}\"", self.upstream.stream());
            let cause = format!("messages were dropped without an ack: {}", shards.join(", "));
            Error::new(ErrorKind::Abandoned, context).caused_by(cause)
        })
    }
}
