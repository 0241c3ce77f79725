//! The task that keeps a source going: claims shards, stores watermarks, follows reshards, and ends in order.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, Interval, MissedTickBehavior, interval, sleep, timeout};

use crate::checkpoint::{ApplicationStart, InFlight};
use crate::source::clock::Clock;
use crate::source::handles::seek::Seek;
use crate::source::leasing::exchange::{Exchange, Parting, bounded};
use crate::source::leasing::fleet::Fleet;
use crate::source::leasing::held::Held;
use crate::source::leasing::leases::Leases;
use crate::source::leasing::topology::Topology;
use crate::source::meters::Meters;
use crate::source::pages::budget::ByteBudget;
use crate::source::pages::event::Event;
use crate::source::{Control, Shard, ShardState, ShardStatus, SourceConfig, Upstream};
use crate::{Error, ErrorKind, Result, ShardId};

/// How often a call is tried at the start before its failure is the user's to see.
const FIRST_TRIES: u32 = 3;
/// A consumer that is slow for long is told of now and then, not at every page.
const BETWEEN_WARNINGS: Duration = Duration::from_mins(1);
/// The most shards that an error names.
const NAMED_SHARDS: usize = 10;
/// The longest that a free shard waits to be seen.
const SCAN: Duration = Duration::from_secs(1);

pub(in crate::source) struct Coordinator {
    pub(in crate::source) upstream: Arc<dyn Upstream>,
    pub(in crate::source) config: SourceConfig,
    pub(in crate::source) control: Control,
    pub(in crate::source) seeks: mpsc::Receiver<Seek>,
    pub(in crate::source) in_flight: Arc<InFlight>,
    pub(in crate::source) budget: ByteBudget,
    pub(in crate::source) meters: Meters,
    pub(in crate::source) clock: Clock,
    /// Cloned into each reader; gone once nothing is left to read, which ends the stream.
    pub(in crate::source) events: Option<mpsc::Sender<Event>>,
    pub(in crate::source) first_start: ApplicationStart,
    pub(in crate::source) topology: Topology,
    pub(in crate::source) leases: Leases,
    pub(in crate::source) fleet: Fleet,
    /// Ticks when watermarks are to be stored and leases may want renewal.
    pub(in crate::source) write: Interval,
    /// Until when nothing but a worker that comes or goes is worth a look at all the rows.
    pub(in crate::source) settled_until: Instant,
    /// When it was last said that reading waits for acks.
    warned: Option<Instant>,
    /// Set once a scan went through, so that every shard that may be read has its lease.
    pub(in crate::source) scanned: bool,
}

/// What the coordinator shares with the stream.
pub(in crate::source) struct Ends {
    pub(in crate::source) control: Control,
    pub(in crate::source) seeks: mpsc::Receiver<Seek>,
    pub(in crate::source) in_flight: Arc<InFlight>,
    pub(in crate::source) budget: ByteBudget,
    pub(in crate::source) events: mpsc::Sender<Event>,
    pub(in crate::source) clock: Clock,
}

impl Coordinator {
    /// Lists the shards and settles where the application starts.
    pub(in crate::source) async fn start(
        upstream: Arc<dyn Upstream>,
        config: SourceConfig,
        stream: Ends,
    ) -> Result<Self> {
        let Ends { control, seeks, in_flight, budget, events, clock } = stream;
        let shards = persist(|| upstream.shards()).await?;
        let application = config.application(upstream.stream());
        let ids = shards.iter().map(|shard| shard.id.clone()).collect();
        let proposed = ApplicationStart { at: clock.begun(), shards: ids };
        let store = &config.checkpoints;
        let first_start =
            persist(|| bounded(config.lease_time, "start", store.start(&application, proposed.clone())))
                .await
                .map_err(|error| error.during(format!("start application {application}")))?;
        // One that was there at the first start may have expired since.
        let is_known =
            |id: &ShardId| shards.iter().any(|shard| shard.id == *id) || first_start.shards.contains(id);
        let starting = config.start_shards.keys().map(|id| ("start_shard", id));
        let mut named = starting.chain(config.only_shards.iter().map(|id| ("only_shards", id)));
        if let Some((setting, unknown)) = named.find(|(_, id)| !is_known(id)) {
            let (stream, known) = (upstream.stream(), enumerate(&shards));
            let context =
                format!("{setting} \"{unknown}\": stream \"{stream}\" has no such shard; it has {known}");
            return Err(Error::new(ErrorKind::Invalid, context));
        }
        let mut topology = Topology::default();
        topology.list(config.wanted(shards));
        let meters = Meters::new(upstream.stream());
        let exchange = Exchange::new(
            Arc::clone(&config.checkpoints),
            application,
            config.worker.clone(),
            config.lease_time,
        );
        let leases = Leases::new(exchange, config.lease_time, config.outage_limit, &meters);
        let fleet = Fleet::new(config.worker.clone(), config.max_shards, config.lease_time);
        let coordinator = Self {
            write: ticks(config.commit_interval.min(config.lease_time / 3)),
            upstream,
            config,
            control,
            seeks,
            in_flight,
            budget,
            meters,
            clock,
            events: Some(events),
            first_start,
            topology,
            leases,
            fleet,
            settled_until: Instant::now(),
            warned: None,
            scanned: false,
        };
        coordinator.publish();
        Ok(coordinator)
    }

    pub(in crate::source) async fn run(mut self) {
        let mut stopped = self.control.stopped();
        // Whatever it waits for: a verb that is dropped is as one whose answer is lost.
        let mut outcome = tokio::select! {
            biased;
            () = asked_to_stop(&mut stopped) => Ok(()),
            worked = self.work() => worked,
        };
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

    /// Reads until it is dropped. An error is one to end with.
    async fn work(&mut self) -> Result<()> {
        let third = self.config.lease_time / 3;
        let mut scan = ticks(third.min(SCAN));
        let mut refresh = ticks(self.config.refresh_interval);
        refresh.tick().await;
        scan.tick().await;
        self.scan().await?;
        loop {
            tokio::select! {
                biased;
                // Before what a store that hangs makes due again at once.
                Some(seek) = self.seeks.recv() => self.seek(seek),
                // Before writes, which go on meanwhile, and which a lease that hangs makes due without end. The next one is
                // a while after its end, so that the others have their turn.
                _ = scan.tick() => {
                    if Instant::now() >= self.settled_until || self.somebody_came_or_went().await? {
                        self.scan().await?;
                        self.look().await?;
                    }
                    scan.reset();
                }
                _ = refresh.tick() => self.refresh().await.or_else(tolerate_listing)?,
                _ = self.write.tick() => {
                    self.write().await?;
                    // What could not be done when attention was called is tried again.
                    self.look().await?;
                }
                // Last, because it may be called at every page.
                () = self.in_flight.attention() => {
                    self.look().await?;
                    self.warn_when_full();
                }
            }
        }
    }

    pub(in crate::source) async fn write(&mut self) -> Result<()> {
        let written = self.leases.write().await;
        self.publish();
        // What was held back while a lease was in doubt goes out now, or goes.
        self.control.wake();
        written.or_else(|error| self.leases.tolerate(error))
    }

    /// Looks after the shards that have something to tell.
    async fn look(&mut self) -> Result<()> {
        self.look_for_abandoned()?;
        let finished: Vec<ShardId> = self.filter_held(Held::is_finished);
        if !finished.is_empty() {
            self.finish(&finished).await.or_else(|error| self.leases.tolerate(error))?;
            self.scan().await?;
        }
        self.hand_over().await.or_else(|error| self.leases.tolerate(error))?;
        if let Some(shard) = self.filter_held(Held::is_dead).first() {
            let context = format!("read {} of \"{}\"", shard, self.upstream.stream());
            return Err(Error::new(ErrorKind::Unavailable, context).caused_by("its task ended in a panic"));
        }
        self.look_whether_all_is_read();
        Ok(())
    }

    /// Names the oldest message that is out when reading waits for acks.
    fn warn_when_full(&mut self) {
        if !self.in_flight.is_full() || self.warned.is_some_and(|at| at.elapsed() < BETWEEN_WARNINGS) {
            return;
        }
        let out = self.leases.held.iter().filter_map(|(shard, held)| {
            let (position, since) = held.reading.tracker.oldest_out()?;
            Some((since, shard, position))
        });
        if let Some((since, shard, oldest)) = out.min_by_key(|(since, ..)| *since) {
            let (max_in_flight, unacked_for) = (self.config.max_in_flight, since.elapsed());
            let stream = self.upstream.stream();
            tracing::warn!(stream, %shard, %oldest, ?unacked_for, max_in_flight, "reading waits for acks");
            self.warned = Some(Instant::now());
        }
    }

    pub(in crate::source) fn filter_held(&self, which: impl Fn(&Held) -> bool) -> Vec<ShardId> {
        self.leases.held.iter().filter(|(_, held)| which(held)).map(|(shard, _)| shard.clone()).collect()
    }

    /// Stores that shards are finished, once their children are known: without them the stream would seem to end.
    async fn finish(&mut self, shards: &[ShardId]) -> Result<()> {
        let mut known = true;
        for shard in shards {
            let named =
                self.leases.held.get(shard).and_then(|held| held.reading.children()).unwrap_or_default();
            known &= !named.is_empty() && self.topology.knows_parents_of(named);
            self.topology.add(self.config.wanted(named.to_vec()));
        }
        if !known {
            self.refresh().await?;
        }
        let leases = shards.iter().filter_map(|shard| Some(self.leases.held.get(shard)?.lease.clone()));
        let partings = leases.map(Parting::at_the_end).collect();
        let (finished, outcome) = self.part_with(partings).await;
        self.topology.set_finished(&finished);
        outcome
    }

    /// Lists the shards. Leases are renewed meanwhile.
    pub(in crate::source) async fn refresh(&mut self) -> Result<()> {
        let upstream = Arc::clone(&self.upstream);
        let listing = timeout(self.config.outage_limit, async move { upstream.shards().await });
        let late = |_| Err(Error::new(ErrorKind::Timeout, "list shards: no answer"));
        let listed = self.meanwhile(listing).await?.unwrap_or_else(late)?;
        self.topology.list(self.config.wanted(listed));
        Ok(())
    }

    pub(in crate::source) fn look_whether_ready(&self) {
        // Every position is one of its own, so a shard that is leased has its place.
        if self.scanned {
            self.control.set_ready();
        }
    }

    /// Tells when everything was read that was there at the start; lets the stream end once every shard is finished, or
    /// read as far as was asked for.
    pub(in crate::source) fn look_whether_all_is_read(&mut self) {
        let held = &self.leases.held;
        // A listing may leave out what is held.
        if !held.values().all(|held| held.reading.is_at_tip()) {
            return;
        }
        // One that waits for its parents came after the tip of one of them, or after one that is not read yet. Where nothing
        // is held it may wait for a listing.
        let is_waited_for = |shard: &&ShardId| held.is_empty() || self.topology.is_readable(shard);
        let mut waited_for = self.topology.unfinished().filter(is_waited_for);
        // If workers that share a stream waited for each other, none would end. One that only stands by does wait.
        let is_elsewhere = |shard: &ShardId| !held.is_empty() && self.fleet.is_elsewhere(shard);
        if !waited_for.all(|shard| held.contains_key(shard) || is_elsewhere(shard)) {
            return;
        }
        self.control.set_caught_up();
        if held.values().all(|held| held.reading.is_read()) {
            self.events = None;
        }
    }

    pub(in crate::source) fn publish(&self) {
        let now = self.clock.now();
        let gates = self.control.gates();
        let status = self.topology.iter().map(|(shard, parents)| {
            if let Some(held) = self.leases.held.get(shard) {
                return held.status(parents, now);
            }
            let state = if self.topology.is_finished(shard) {
                ShardState::Finished
            } else if self.topology.is_readable(shard) {
                ShardState::Unleased
            } else {
                ShardState::WaitingForParents
            };
            let owner = self.fleet.owner(shard).cloned();
            ShardStatus::unread(shard.clone(), state, parents.to_vec(), owner, gates.is_paused(shard))
        });
        let status: Vec<_> = status.collect();
        self.meters.stands(&status, self.budget.used());
        self.control.set_status(status);
    }
}

/// A task that panicked, or whose runtime is gone, must not leave anybody waiting.
impl Drop for Coordinator {
    fn drop(&mut self) {
        let context = format!("read \"{}\": its task is gone", self.upstream.stream());
        let gone = Error::new(ErrorKind::Closed, context);
        if self.control.finish(Err(gone.restate())) {
            self.control.fail(gone);
        }
    }
}

/// Tries a call at the start again while its error is one that may pass.
async fn persist<T, F: Future<Output = Result<T>>>(mut call: impl FnMut() -> F) -> Result<T> {
    for _ in 1..FIRST_TRIES {
        match call().await {
            Err(error) if error.is_retryable() => {
                sleep(Duration::from_millis(fastrand::u64(50..500))).await;
            }
            answer => return answer,
        }
    }
    call().await
}

/// Names shards in an error, the first of many.
fn enumerate(shards: &[Shard]) -> String {
    let named: Vec<&str> = shards.iter().take(NAMED_SHARDS).map(|shard| shard.id.as_str()).collect();
    match shards.len() - named.len() {
        0 => named.join(", "),
        more => format!("{} and {more} more", named.join(", ")),
    }
}

async fn asked_to_stop(stopped: &mut watch::Receiver<bool>) {
    // The sender lives in the control handle that this task holds.
    let _ = stopped.wait_for(|stopped| *stopped).await;
}

pub(in crate::source) fn tolerate_listing(error: Error) -> Result<()> {
    if !error.is_retryable() {
        return Err(error);
    }
    tracing::warn!(%error, "listing shards failed; trying again");
    Ok(())
}

fn ticks(period: Duration) -> Interval {
    let mut ticks = interval(period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}
