//! How a shard goes to another worker: reading stops, what is out is waited for, the watermark is stored, and the lease is
//! released to who asked for it.

use std::pin::pin;

use futures::StreamExt;
use tokio::time::Instant;

use crate::source::leasing::coordinator::Coordinator;
use crate::source::leasing::ending::FOR_EVER;
use crate::source::leasing::exchange::Parting;
use crate::source::leasing::held::Held;
use crate::{Result, ShardId};

impl Coordinator {
    /// Begins to hand over what others asked for, and releases what nothing is out of any more.
    pub(in crate::source) async fn hand_over(&mut self) -> Result<()> {
        let until = Instant::now() + self.config.handoff_timeout.min(FOR_EVER);
        for (shard, held) in &mut self.leases.held {
            if let Some(to) = held.lease.handoff.as_ref().filter(|_| !held.is_leaving()) {
                tracing::info!(stream = self.upstream.stream(), %shard, %to, "handing over");
                held.leave(until);
                // What it had read and not handed out goes, and with it what that holds of the budget.
                self.control.wake();
            }
        }
        let ready = self.leases.held.values().filter(|held| held.is_handed_over());
        let partings: Vec<Parting> = ready.map(|held| self.parting(held)).collect();
        self.part_with(partings).await.1
    }

    /// Gives leases up, renews the others meanwhile, and returns the shards that are gone.
    pub(in crate::source) async fn part_with(
        &mut self,
        partings: Vec<Parting>,
    ) -> (Vec<ShardId>, Result<()>) {
        let (mut gone, mut outcome) = (Vec::new(), Ok(()));
        let mut answers = pin!(self.leases.part_with(partings));
        loop {
            match self.meanwhile(answers.next()).await {
                Ok(Some((lease, answer))) => {
                    let is_gone = answer.is_ok();
                    match self.leases.let_go(&lease, answer) {
                        Ok(()) if is_gone => gone.push(lease.shard),
                        Ok(()) => {}
                        Err(error) => outcome = Err(error),
                    }
                }
                Ok(None) => break,
                // Of the others, an answer was not waited for.
                Err(error) => {
                    outcome = Err(error);
                    break;
                }
            }
        }
        self.leases.keep();
        (gone, outcome)
    }

    /// Says how a lease is given up: to who asked for it, unless that one is dead and the shard would wait for its lease to
    /// expire.
    pub(in crate::source) fn parting(&self, held: &Held) -> Parting {
        let to = held.lease.handoff.clone().filter(|to| self.fleet.is_living(to));
        Parting { lease: held.lease.clone(), checkpoint: held.unstored(), to }
    }
}
