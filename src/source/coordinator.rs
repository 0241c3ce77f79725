//! The task that keeps a source going: claims shards, stores watermarks, follows reshards, and ends in order.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, sleep_until};

use crate::checkpoint::{ApplicationStart, Checkpoint, InFlight, Lease, LeaseRow, Tracker};
use crate::source::budget::ByteBudget;
use crate::source::held::Held;
use crate::source::leases::Leases;
use crate::source::reader::{Event, Reader, Reading};
use crate::source::topology::Topology;
use crate::source::{Control, OnAbandon, ReadFrom, ShardState, ShardStatus, SourceConfig, Until, Upstream};
use crate::{Error, ErrorKind, OriginShard, Position, Result, ShardId};

/// How often a listing is tried at the start before its failure is the user's to see.
const FIRST_LISTINGS: u32 = 3;

pub(super) struct Coordinator {
    upstream: Arc<dyn Upstream>,
    config: SourceConfig,
    control: Control,
    in_flight: Arc<InFlight>,
    budget: ByteBudget,
    /// Cloned into each reader; gone once nothing is left to read, which ends the stream.
    events: Option<mpsc::Sender<Event>>,
    first_start: ApplicationStart,
    topology: Topology,
    leases: Leases,
}

impl Coordinator {
    /// Lists the shards and settles where the application starts.
    pub(super) async fn start(
        upstream: Arc<dyn Upstream>,
        config: SourceConfig,
        largest_page: usize,
        control: Control,
        in_flight: Arc<InFlight>,
        events: mpsc::Sender<Event>,
    ) -> Result<Self> {
        let shards = first_listing(&*upstream).await?;
        let application = config.application(upstream.stream());
        let ids = shards.iter().map(|shard| shard.id.clone()).collect();
        let proposed = ApplicationStart { at: SystemTime::now(), shards: ids };
        let first_start = config
            .checkpoints
            .start(&application, proposed)
            .await
            .map_err(|error| error.during(format!("start application {application}")))?;
        let mut topology = Topology::default();
        topology.list(shards);
        let leases = Leases::new(
            Arc::clone(&config.checkpoints),
            application,
            config.worker.clone(),
            config.lease_time,
            config.outage_limit,
        );
        let budget = ByteBudget::new(config.buffer_bytes, largest_page);
        let events = Some(events);
        Ok(Self { upstream, config, control, in_flight, budget, events, first_start, topology, leases })
    }

    pub(super) async fn run(mut self) {
        let mut outcome = self.work().await;
        if let Err(error) = &outcome {
            self.control.fail(error.restate());
        }
        let drained = self.wind_down().await;
        // What failed first is what an operator has to mend.
        if let (None, Some(failed)) = (outcome.as_ref().err(), self.control.failed()) {
            outcome = Err(failed);
        }
        self.control.finish(outcome.and(drained));
    }

    /// Reads until the source is stopped. An error is one to end with.
    async fn work(&mut self) -> Result<()> {
        let third = self.config.lease_time / 3;
        let mut write = ticks(self.config.commit_interval.min(third));
        let mut scan = ticks(third);
        let mut refresh = ticks(self.config.refresh_interval);
        refresh.tick().await;
        let mut stopped = self.control.stopped();
        loop {
            tokio::select! {
                biased;
                () = asked_to_stop(&mut stopped) => return Ok(()),
                _ = write.tick() => self.write().await?,
                () = self.in_flight.attention() => self.look().await?,
                _ = scan.tick() => self.scan().await?,
                _ = refresh.tick() => self.refresh().await.or_else(tolerate_listing)?,
            }
        }
    }

    async fn write(&mut self) -> Result<()> {
        let written = self.leases.write().await;
        self.publish();
        written.or_else(|error| self.leases.tolerate(error))
    }

    /// Looks after the shards that have something to tell.
    async fn look(&mut self) -> Result<()> {
        self.look_for_abandoned()?;
        let finished: Vec<ShardId> = self.filter_held(Held::is_finished);
        for shard in &finished {
            self.finish(shard).await.or_else(|error| self.leases.tolerate(error))?;
        }
        if !finished.is_empty() {
            self.scan().await?;
        }
        if let Some(shard) = self.filter_held(Held::is_dead).first() {
            let context = format!("read {} of \"{}\"", shard, self.upstream.stream());
            return Err(Error::new(ErrorKind::Unavailable, context).caused_by("its task ended in a panic"));
        }
        self.warn_when_full();
        self.look_whether_ready();
        self.look_whether_all_is_read();
        Ok(())
    }

    /// Names the oldest message of each shard when reading waits for acks.
    fn warn_when_full(&self) {
        if !self.in_flight.is_full() {
            return;
        }
        for (shard, held) in &self.leases.held {
            if let Some(oldest) = held.reading.tracker.oldest_unacked() {
                let max_in_flight = self.config.max_in_flight;
                tracing::warn!(stream = self.upstream.stream(), %shard, %oldest, max_in_flight, "reading waits for acks");
            }
        }
    }

    fn filter_held(&self, which: impl Fn(&Held) -> bool) -> Vec<ShardId> {
        self.leases.held.iter().filter(|(_, held)| which(held)).map(|(shard, _)| shard.clone()).collect()
    }

    fn look_for_abandoned(&mut self) -> Result<()> {
        let abandoned = self.filter_held(|held| held.reading.tracker.abandoned().is_some());
        for shard in abandoned {
            match self.config.on_abandon {
                OnAbandon::Fail => return self.unacked().map_or(Ok(()), Err),
                OnAbandon::Redeliver => self.restart(&shard),
            }
        }
        Ok(())
    }

    /// Reads a shard again from its watermark.
    fn restart(&mut self, shard: &ShardId) {
        let Some(held) = self.leases.held.get(shard) else { return };
        let (position, origin) = (held.position(), Arc::clone(&held.reading.origin));
        tracing::warn!(stream = %origin.stream, %shard, %position, "a message was dropped unacked; reading again");
        let Some((reading, reader)) = self.reader(origin, position) else { return };
        let task = tokio::spawn(reader.run());
        if let Some(held) = self.leases.held.get_mut(shard) {
            held.restart(reading, task);
        }
    }

    /// Stores that a shard is finished, once its children are known: without them the stream would seem to end.
    async fn finish(&mut self, shard: &ShardId) -> Result<()> {
        let named = self.leases.held.get(shard).and_then(|held| held.reading.children()).unwrap_or_default();
        if named.is_empty() {
            self.refresh().await?;
        } else {
            self.topology.add(named.to_vec());
        }
        if self.leases.finish(shard).await? {
            self.topology.set_finished(shard);
        }
        Ok(())
    }

    async fn refresh(&mut self) -> Result<()> {
        self.topology.list(self.upstream.shards().await?);
        Ok(())
    }

    /// Claims every shard that may be read and is nobody's.
    async fn scan(&mut self) -> Result<()> {
        if self.events.is_some() {
            let scanned = self.claim_free().await;
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
        for (shard, row) in &rows {
            match row.checkpoint.position {
                Position::End => self.topology.set_finished(shard),
                Position::After { .. } => self.topology.set_started(shard),
                _ => {}
            }
        }
        let wanted = self
            .topology
            .unfinished()
            .filter(|shard| !self.leases.held.contains_key(*shard) && self.topology.is_readable(shard))
            .map(|shard| (shard.clone(), self.initial_checkpoint(shard)))
            .collect();
        for lease in self.leases.claim(wanted, &rows).await? {
            self.begin(lease);
        }
        Ok(())
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
        let Some((reading, reader)) = self.reader(origin, position) else { return };
        let task = tokio::spawn(reader.run());
        self.leases.held.insert(lease.shard.clone(), Held::new(lease, reading, task, Instant::now()));
    }

    fn reader(&self, origin: Arc<OriginShard>, position: Position) -> Option<(Arc<Reading>, Reader)> {
        let events = self.events.clone()?;
        let from = match &position {
            Position::Beginning => self.config.initial(&origin.shard, &self.first_start),
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
            in_flight: Arc::clone(&self.in_flight),
            until: self.config.until,
            outage_limit: self.config.outage_limit,
        };
        Some((reading, reader))
    }

    fn look_whether_ready(&self) {
        if self.leases.held.values().all(|held| held.reading.is_placed()) {
            self.control.set_ready();
        }
    }

    /// Lets the stream end once every shard is finished, or read to the tip that was asked for.
    fn look_whether_all_is_read(&mut self) {
        let read = |shard: &ShardId| {
            let held = self.leases.held.get(shard);
            self.config.until == Until::Tip && held.is_some_and(|held| held.reading.is_at_tip())
        };
        if self.topology.unfinished().all(read) {
            self.events = None;
        }
    }

    fn publish(&self) {
        let status = self.topology.iter().map(|(shard, parents)| {
            if let Some(held) = self.leases.held.get(shard) {
                return held.status(parents);
            }
            let state = if self.topology.is_finished(shard) {
                ShardState::Finished
            } else if self.topology.is_readable(shard) {
                ShardState::Unleased
            } else {
                ShardState::WaitingForParents
            };
            ShardStatus::unread(shard.clone(), state, parents.to_vec())
        });
        self.control.set_status(status.collect());
    }

    /// Stops reading, waits for the acks of what is out, stores the last watermarks and gives the leases up.
    async fn wind_down(&mut self) -> Result<()> {
        self.events = None;
        self.leases.held.values().for_each(Held::stop_reading);
        let mut write = ticks(self.config.commit_interval.min(self.config.lease_time / 3));
        let deadline = Instant::now() + self.config.drain_timeout;
        while self.leases.held.values().any(|held| held.reading.tracker.in_flight() > 0) {
            tokio::select! {
                () = sleep_until(deadline) => break,
                () = self.in_flight.attention() => {}
                // A failure of the store is not final before the last write.
                _ = write.tick() => drop(self.leases.write().await),
            }
        }
        let unacked = self.unacked();
        let written = loop {
            let written = self.leases.write().await;
            let over = Instant::now() >= deadline;
            match written {
                // A store that is down for a while costs that while, and nothing else.
                Err(error) if !over => self.leases.tolerate(error)?,
                written => break written,
            }
            write.tick().await;
        };
        let released = self.leases.release().await;
        self.publish();
        unacked.map_or(Ok(()), Err).and(written).and(released)
    }

    /// Returns an error that names every shard with messages that were dropped unacked or are still out.
    fn unacked(&self) -> Option<Error> {
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

async fn first_listing(upstream: &dyn Upstream) -> Result<Vec<crate::source::Shard>> {
    let mut tries = 1;
    loop {
        match upstream.shards().await {
            Err(error) if error.is_retryable() && tries < FIRST_LISTINGS => {
                tries += 1;
                sleep(Duration::from_millis(fastrand::u64(50..500))).await;
            }
            listed => return listed,
        }
    }
}

async fn asked_to_stop(stopped: &mut watch::Receiver<bool>) {
    // The sender lives in the control handle that this task holds.
    let _ = stopped.wait_for(|stopped| *stopped).await;
}

fn tolerate_listing(error: Error) -> Result<()> {
    if !error.is_retryable() {
        return Err(error);
    }
    tracing::warn!(%error, "listing shards failed; trying again");
    Ok(())
}

fn ticks(period: Duration) -> tokio::time::Interval {
    let mut ticks = interval(period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}
