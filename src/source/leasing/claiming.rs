//! How a source comes to read a shard: it looks for one that is free, claims it, and starts a reader.

use std::collections::HashMap;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use futures::future::join;
use tokio::time::Instant;

use crate::checkpoint::{Checkpoint, Lease, LeaseRow};
use crate::source::ReadFrom;
use crate::source::leasing::coordinator::{Coordinator, tolerate_listing};
use crate::source::leasing::exchange::Around;
use crate::source::leasing::fleet::{Hold, Plan};
use crate::source::leasing::held::Held;
use crate::source::pages::reader::Reader;
use crate::source::pages::reading::Reading;
use crate::source::pages::tenure::Tenure;
use crate::{OriginShard, Position, Result, ShardId};

/// So many rows are listed at every turn; those of a larger application less often while nothing is to change.
const FEW_ROWS: usize = 250;

impl Coordinator {
    /// Claims every shard that may be read and is nobody's.
    pub(in crate::source) async fn scan(&mut self) -> Result<()> {
        if self.events.is_some() {
            let scanned = self.claim_free().await;
            self.scanned |= scanned.is_ok();
            self.leases.note(&scanned);
            scanned.or_else(|error| self.leases.tolerate(error))?;
        }
        self.publish();
        self.look_whether_ready();
        self.look_whether_all_is_read();
        Ok(())
    }

    async fn claim_free(&mut self) -> Result<()> {
        let looking = self.leases.exchange.look_around(self.config.max_shards);
        let around = self.meanwhile(looking).await?;
        let Around { announced, rows, workers } = around?;
        let dead = self.fleet.meet(workers);
        let rows: HashMap<ShardId, LeaseRow> = rows.into_iter().map(|row| (row.shard.clone(), row)).collect();
        self.take_in(&rows).await?;
        self.leases.lost.drain(..).for_each(|shard| self.fleet.lose(shard));
        let plan = self.plan(&rows);
        let is_settled = !plan.is_unsettled && rows.len() > FEW_ROWS;
        let pause = if is_settled { self.config.lease_time / 3 } else { Duration::ZERO };
        self.settled_until = Instant::now() + pause;
        let claimed = self.claim(plan.claims).await;
        let asking = join(self.leases.exchange.request(plan.requests), self.leases.exchange.bury(dead));
        let (requested, ()) = self.meanwhile(asking).await?;
        // None of these keeps the others from being done.
        announced.and(claimed).and(requested)
    }

    /// Tells whether another worker joined or left since the rows were last listed.
    pub(in crate::source) async fn somebody_came_or_went(&mut self) -> Result<bool> {
        let listing = self.leases.exchange.workers();
        let listed = self.meanwhile(listing).await?;
        // If it cannot be told, a look at the rows will.
        Ok(listed.map_or(true, |workers| self.fleet.differs_from(&workers)))
    }

    /// Takes in what others did: what they finished, what they began, and what they want.
    async fn take_in(&mut self, rows: &HashMap<ShardId, LeaseRow>) -> Result<()> {
        let mut ended = Vec::new();
        for (shard, row) in rows {
            if let Some(held) = self.leases.held.get_mut(shard) {
                held.asked_for(row);
            }
            match row.checkpoint.position {
                // One that is held is finished once its children are known.
                Position::End if self.leases.held.contains_key(shard) => {}
                Position::End if self.topology.is_finished(shard) => {}
                Position::End => ended.push(shard.clone()),
                Position::After { .. } => self.topology.set_unfinished(shard, true),
                _ => self.topology.set_unfinished(shard, false),
            }
        }
        if ended.iter().any(|shard| self.topology.contains(shard) && !self.topology.has_child(shard)) {
            // Another worker read it to its end, and it alone was told of the children.
            if let Err(error) = self.refresh().await {
                return tolerate_listing(error);
            }
        }
        self.topology.set_finished(&ended);
        self.topology.pass_over(|shard| rows.contains_key(shard));
        Ok(())
    }

    fn plan(&mut self, rows: &HashMap<ShardId, LeaseRow>) -> Plan {
        let readable = self
            .topology
            .unfinished()
            .filter(|shard| self.leases.held.contains_key(*shard) || self.topology.is_readable(shard));
        let shards = readable.map(|shard| {
            let hold = match self.leases.held.get(shard) {
                Some(held) if held.is_leaving() => Hold::Leaving,
                Some(held) if held.reading.is_read() => Hold::Read,
                Some(_) => Hold::Reading,
                None => Hold::None,
            };
            (shard.clone(), hold)
        });
        let shards = shards.collect();
        self.fleet.plan(shards, rows)
    }

    async fn claim(&mut self, claims: Vec<(ShardId, Option<u64>)>) -> Result<()> {
        let wanted = claims.into_iter().map(|(shard, expired)| {
            let initial = self.initial_checkpoint(&shard);
            (shard, expired, initial)
        });
        let wanted = wanted.collect();
        let mut answers = pin!(self.leases.exchange.claim(wanted));
        let mut outcome = Ok(());
        while let Some((begun, answer)) = self.meanwhile(answers.next()).await? {
            match answer {
                Ok(Some(lease)) => self.begin(lease, begun),
                Ok(None) => {}
                Err(error) => outcome = Err(error),
            }
        }
        outcome
    }

    /// Waits for an exchange, and stores watermarks and renews leases meanwhile: to claim thousands of shards takes long
    /// where the store is slow.
    pub(in crate::source) async fn meanwhile<T>(&mut self, exchange: impl Future<Output = T>) -> Result<T> {
        let mut exchange = pin!(exchange);
        loop {
            tokio::select! {
                biased;
                answer = &mut exchange => return Ok(answer),
                _ = self.write.tick() => self.write().await?,
            }
        }
    }

    fn initial_checkpoint(&self, shard: &ShardId) -> Checkpoint {
        match self.config.initial(shard, &self.first_start) {
            ReadFrom::Position(position) => position.into(),
            // Not a position that can be stored; until the first ack a restart asks the settings again.
            ReadFrom::Sequence(_) => Position::Beginning.into(),
        }
    }

    fn begin(&mut self, lease: Lease, begun: Instant) {
        let origin = Arc::new(OriginShard {
            stream: self.upstream.stream().into(),
            shard: lease.shard.clone(),
            fencing_token: lease.token,
        });
        tracing::info!(stream = %origin.stream, shard = %lease.shard, token = %lease.token,
            position = %lease.checkpoint.position, "lease claimed");
        let from = match &lease.checkpoint.position {
            // Stored for lack of anything better where the settings name a record. Elsewhere it is meant: the settings had
            // their say when the row was made, and an operator may have reset it since.
            Position::Beginning => match self.config.start_shards.get(&lease.shard) {
                Some(sequence) => ReadFrom::Sequence(sequence.clone()),
                None => ReadFrom::Position(Position::Beginning),
            },
            // Only in rows that the KCL wrote. Reading anew must not jump over what came since.
            Position::Latest => ReadFrom::Position(Position::At(self.clock.begun())),
            position => ReadFrom::Position(position.clone()),
        };
        let last = Some(lease.checkpoint.clone());
        let tenure = Arc::new(Tenure::new(begun, self.config.lease_time));
        let Some((reading, reader)) = self.reader(origin, tenure, from, last, Duration::ZERO) else { return };
        let task = tokio::spawn(reader.run());
        let meters = self.meters.shard(&lease.shard);
        self.leases.held.insert(lease.shard.clone(), Held::new(lease, reading, task, begun, meters));
    }

    /// Makes a reader that begins somewhere. `last` is the stored checkpoint, where it begins with that.
    pub(in crate::source) fn reader(
        &self,
        origin: Arc<OriginShard>,
        tenure: Arc<Tenure>,
        from: ReadFrom,
        last: Option<Checkpoint>,
        pause: Duration,
    ) -> Option<(Arc<Reading>, Reader)> {
        let events = self.events.clone()?;
        let gate = self.control.gates().of(&origin.shard);
        let fetch = self.upstream.open(&origin.shard, from.clone());
        let done = match &from {
            ReadFrom::Position(position @ Position::After { .. }) => Some(position.clone()),
            _ => None,
        };
        let reading = Arc::new(Reading::new(origin, from, tenure, gate, Arc::clone(&self.in_flight)));
        let reader = Reader {
            upstream: Arc::clone(&self.upstream),
            fetch,
            reading: Arc::clone(&reading),
            last: last.or_else(|| done.clone().map(Checkpoint::from)),
            done,
            events,
            control: self.control.clone(),
            budget: self.budget.clone(),
            meters: self.meters.clone(),
            pause,
            clock: self.clock,
            bound: self.config.bound(self.clock.begun()),
            on_gap: self.config.on_gap,
            outage_limit: self.config.outage_limit,
        };
        Some((reading, reader))
    }
}
