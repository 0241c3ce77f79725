//! How a source comes to read a shard: it looks for one that is free, claims it, and starts a reader.

use std::collections::HashMap;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use tokio::time::Instant;

use crate::checkpoint::{Checkpoint, Lease, LeaseRow};
use crate::source::ReadFrom;
use crate::source::leasing::coordinator::Coordinator;
use crate::source::leasing::held::Held;
use crate::source::pages::reader::Reader;
use crate::source::pages::reading::Reading;
use crate::{OriginShard, Position, Result, ShardId};

impl Coordinator {
    /// Claims every shard that may be read and is nobody's.
    pub(in crate::source) async fn scan(&mut self) -> Result<()> {
        if self.events.is_some() {
            let scanned = self.claim_free().await;
            self.scanned |= scanned.is_ok();
            scanned.or_else(|error| self.leases.tolerate(error))?;
        }
        self.publish();
        self.look_whether_ready();
        self.look_whether_all_is_read();
        Ok(())
    }

    async fn claim_free(&mut self) -> Result<()> {
        let rows: HashMap<ShardId, LeaseRow> =
            self.leases.list().await?.into_iter().map(|row| (row.shard.clone(), row)).collect();
        let mut ended = Vec::new();
        for (shard, row) in &rows {
            match row.checkpoint.position {
                // One that is held is finished once its children are known.
                Position::End if self.leases.held.contains_key(shard) => {}
                Position::End if self.topology.is_finished(shard) => {}
                Position::End => ended.push(shard.clone()),
                Position::After { .. } => self.topology.set_started(shard),
                _ => {}
            }
        }
        if ended.iter().any(|shard| self.topology.contains(shard) && !self.topology.has_child(shard)) {
            // Another worker read it to its end, and it alone was told of the children.
            self.refresh().await?;
        }
        self.topology.set_finished(&ended);
        let wanted = self
            .topology
            .unfinished()
            .filter(|shard| !self.leases.held.contains_key(*shard) && self.topology.is_readable(shard))
            .map(|shard| (shard.clone(), self.initial_checkpoint(shard)))
            .collect();
        let reading = self.leases.held.values().filter(|held| !held.reading.is_read()).count();
        let room = self.config.max_shards.saturating_sub(reading);
        let mut outcome = Ok(());
        let mut answers = pin!(self.leases.claim(wanted, room, &rows));
        let mut write = self.writes();
        write.reset();
        loop {
            let answer = tokio::select! {
                answer = answers.next() => answer,
                // To claim thousands of shards takes long where the store is slow.
                _ = write.tick() => {
                    self.write().await?;
                    continue;
                }
            };
            match answer.map(|answer| self.leases.note(answer)) {
                Some(Ok(Some(lease))) => self.begin(lease),
                Some(Ok(None)) => {}
                Some(Err(error)) => outcome = Err(error),
                None => return outcome,
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

    fn begin(&mut self, lease: Lease) {
        let origin = Arc::new(OriginShard {
            stream: self.upstream.stream().into(),
            shard: lease.shard.clone(),
            fencing_token: lease.token,
        });
        tracing::info!(stream = %origin.stream, shard = %lease.shard, token = %lease.token,
            position = %lease.checkpoint.position, "lease claimed");
        let from = match &lease.checkpoint.position {
            Position::Beginning => self.config.initial(&lease.shard, &self.first_start),
            // Only in rows that the KCL wrote. Reading anew must not jump over what came since.
            Position::Latest => ReadFrom::Position(Position::At(self.clock.begun())),
            position => ReadFrom::Position(position.clone()),
        };
        let last = Some(lease.checkpoint.clone());
        let Some((reading, reader)) = self.reader(origin, from, last, Duration::ZERO) else { return };
        let task = tokio::spawn(reader.run());
        let meters = self.meters.shard(&lease.shard);
        self.leases.held.insert(lease.shard.clone(), Held::new(lease, reading, task, Instant::now(), meters));
    }

    /// Makes a reader that begins somewhere. `last` is the stored checkpoint, where it begins with that.
    pub(in crate::source) fn reader(
        &self,
        origin: Arc<OriginShard>,
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
        let reading = Arc::new(Reading::new(origin, from, gate, Arc::clone(&self.in_flight)));
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
