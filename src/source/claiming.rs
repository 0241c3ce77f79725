//! How a source comes to read a shard: it looks for one that is free, claims it, and starts a reader.

use std::collections::HashMap;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use tokio::time::Instant;

use crate::checkpoint::{Checkpoint, Lease, LeaseRow, Tracker};
use crate::source::ReadFrom;
use crate::source::coordinator::Coordinator;
use crate::source::held::Held;
use crate::source::reader::{Reader, Reading};
use crate::{OriginShard, Position, Result, ShardId};

impl Coordinator {
    /// Claims every shard that may be read and is nobody's.
    pub(super) async fn scan(&mut self) -> Result<()> {
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
        let mut outcome = Ok(());
        let mut answers = pin!(self.leases.claim(wanted, &rows));
        while let Some(answer) = answers.next().await {
            match self.leases.note(answer) {
                Ok(Some(lease)) => self.begin(lease),
                Ok(None) => {}
                Err(error) => outcome = Err(error),
            }
        }
        outcome
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
        let position = lease.checkpoint.position.clone();
        let Some((reading, reader)) = self.reader(origin, position, Duration::ZERO) else { return };
        let task = tokio::spawn(reader.run());
        self.leases.held.insert(lease.shard.clone(), Held::new(lease, reading, task, Instant::now()));
    }

    pub(super) fn reader(
        &self,
        origin: Arc<OriginShard>,
        position: Position,
        pause: Duration,
    ) -> Option<(Arc<Reading>, Reader)> {
        let events = self.events.clone()?;
        let from = match &position {
            Position::Beginning => self.config.initial(&origin.shard, &self.first_start),
            // Only in rows that the KCL wrote. Reading anew must not jump over what came since.
            Position::Latest => ReadFrom::Position(Position::At(self.begun)),
            position => ReadFrom::Position(position.clone()),
        };
        let fetch = self.upstream.open(&origin.shard, from);
        let tracker = Tracker::counted_in(Arc::clone(&self.in_flight));
        let reading = Arc::new(Reading::new(origin, tracker));
        let reader = Reader {
            fetch,
            reading: Arc::clone(&reading),
            done: Some(position).filter(|position| matches!(position, Position::After { .. })),
            events,
            control: self.control.clone(),
            budget: self.budget.clone(),
            pause,
            until: self.config.until,
            outage_limit: self.config.outage_limit,
        };
        Some((reading, reader))
    }
}
