//! Each check catches a store that breaks its sentence and no more than that.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use futures::FutureExt as _;
use futures::future::BoxFuture;

use super::CHECKS;
use crate::checkpoint::{
    Application, ApplicationStart, Checkpoint, CheckpointStore, Claim, FencingToken, Handoff, Lease,
    LeaseRow, MemoryCheckpoints, WorkerId, WorkerRow, conformance,
};
use crate::{Error, ErrorKind, Position, Result, ShardId};

conformance::tests!(MemoryCheckpoints::new());

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_check_catches_the_store_that_breaks_its_sentence() {
    for check in CHECKS {
        let whole = Arc::new(Broken::at("nothing"));
        check.run(whole).await;
        let broken = Arc::new(Broken::at(check.name()));
        let outcome = tokio::spawn(async move { check.run(broken).await }).await;
        assert!(outcome.is_err(), "a store that breaks \"{}\" passed", check.sentence());
    }
}

/// A store that breaks one sentence of the contract.
#[derive(Debug)]
struct Broken {
    sentence: &'static str,
    starts: Mutex<BTreeMap<Application, ApplicationStart>>,
    rows: Mutex<BTreeMap<(Application, ShardId), LeaseRow>>,
    stumbled: AtomicBool,
    /// Keeps what no sentence breaks yet.
    whole: MemoryCheckpoints,
}

impl Broken {
    fn at(sentence: &'static str) -> Self {
        Self {
            sentence,
            starts: Mutex::default(),
            rows: Mutex::default(),
            stumbled: AtomicBool::new(false),
            whole: MemoryCheckpoints::new(),
        }
    }

    fn breaks(&self, sentence: &str) -> bool {
        self.sentence == sentence
    }

    fn key(&self, application: &Application, shard: &ShardId) -> (Application, ShardId) {
        if self.breaks("applications_and_streams_are_apart_whatever_their_names") {
            let joined = format!("{}-{}", application.name, application.stream);
            return (Application::new(joined, ""), shard.clone());
        }
        (application.clone(), shard.clone())
    }

    fn read(&self, application: &Application, shard: &ShardId) -> Option<LeaseRow> {
        self.rows.lock().unwrap().get(&self.key(application, shard)).cloned()
    }

    fn write(&self, application: &Application, row: LeaseRow) {
        self.rows.lock().unwrap().insert(self.key(application, &row.shard), row);
    }

    fn change<T>(&self, lease: &Lease, change: impl FnOnce(&mut LeaseRow) -> Result<T>) -> Result<T> {
        let mut rows = self.rows.lock().unwrap();
        let row = rows.get_mut(&self.key(&lease.application, &lease.shard));
        change(row.ok_or_else(|| LeaseRow::missing("write", &lease.application, &lease.shard))?)
    }

    /// Returns the lease that the row takes for its own.
    fn forged(&self, lease: &Lease, row: &LeaseRow) -> Lease {
        let mut lease = lease.clone();
        if self.breaks("no_write_of_a_worker_that_lost_its_lease_has_any_effect")
            || self.breaks("racing_zombies_never_overwrite_the_owner")
        {
            (lease.owner, lease.token) = (row.owner.clone().unwrap_or(lease.owner), row.token);
        }
        if self.breaks("an_older_claim_of_the_same_worker_is_fenced_off_as_well") {
            lease.token = row.token;
        }
        if self.breaks("a_released_lease_is_lost") {
            lease.owner = row.owner.clone().unwrap_or(lease.owner);
        }
        lease
    }

    fn take(&self, claim: &Claim, row: &mut LeaseRow) -> Option<Lease> {
        let (mut claim, before) = (claim.clone(), row.clone());
        if self.breaks("a_held_lease_is_refused") && claim.expired.is_some() {
            claim.expired = Some(row.version);
        }
        if self.breaks("an_expired_version_is_taken_only_while_it_is_unchanged") {
            claim.expired = claim.expired.map(|version| version.max(row.version));
        }
        if self.breaks("a_lease_released_to_a_dead_worker_expires") {
            claim.expired = None;
        }
        if self.breaks("a_finished_shard_is_stored_as_finished_and_never_claimed") {
            row.checkpoint.position = Position::Beginning;
        }
        let Some(mut lease) = row.claim(&claim) else {
            *row = before;
            return None;
        };
        if self.breaks("the_token_grows_at_every_claim_and_only_there")
            || (self.breaks("a_worker_that_claims_its_own_lease_gets_a_new_token")
                && before.owner == row.owner)
        {
            row.token = before.token;
        }
        if self.breaks("a_released_shard_continues_at_its_stored_position") {
            row.checkpoint = claim.initial;
        }
        if self.breaks("a_handoff_request_ends_with_the_claim_it_was_made_against") {
            row.handoff = before.handoff;
        }
        (lease.token, lease.checkpoint) = (row.token, row.checkpoint.clone());
        Some(lease)
    }

    fn store(&self, lease: &Lease, checkpoint: &Checkpoint, row: &mut LeaseRow) -> Result<Lease> {
        if self.breaks("concurrent_commits_of_many_shards_stay_apart")
            && self.stumbled.load(Ordering::Relaxed)
        {
            return Err(Error::new(ErrorKind::LeaseLost, "commit: another lease was lost"));
        }
        if self.breaks("committing_the_stored_position_again_is_a_renewal")
            && row.checkpoint.position == checkpoint.position
        {
            return Err(Error::new(ErrorKind::Conflict, "commit: not greater"));
        }
        let version = row.version;
        if self.breaks("a_checkpoint_never_moves_backwards") {
            row.checkpoint.position = Position::Beginning;
        }
        let stored = row.commit(&self.forged(lease, row), checkpoint);
        if self.breaks("a_commit_proves_that_the_owner_lives")
            || self.breaks("the_version_changes_at_every_claim_renewal_commit_and_release")
        {
            row.version = version;
        }
        if self.breaks("positions_and_times_come_back_as_they_were_stored") {
            row.checkpoint.arrival = row.checkpoint.arrival.map(whole_seconds);
        }
        self.stumbled.fetch_or(stored.is_err(), Ordering::Relaxed);
        Ok(Lease { version: row.version, ..stored? })
    }
}

fn whole_seconds(time: SystemTime) -> SystemTime {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap();
    SystemTime::UNIX_EPOCH + Duration::from_secs(since.as_secs())
}

impl CheckpointStore for Broken {
    fn start<'a>(
        &'a self,
        application: &'a Application,
        proposed: ApplicationStart,
    ) -> BoxFuture<'a, Result<ApplicationStart>> {
        async move {
            let mut starts = self.starts.lock().unwrap();
            if self.breaks("the_first_start_is_recorded_for_good") {
                starts.insert(application.clone(), proposed.clone());
            }
            let first = starts.entry(application.clone()).or_insert_with(|| proposed.clone());
            let alone = self.breaks("workers_that_start_at_once_agree_on_one_start");
            Ok(if alone { proposed } else { first.clone() })
        }
        .boxed()
    }

    fn claim<'a>(&'a self, claim: &'a Claim) -> BoxFuture<'a, Result<Option<Lease>>> {
        async move {
            if self.breaks("of_many_workers_that_contend_for_a_lease_exactly_one_wins_and_can_checkpoint") {
                // Reads, lets the others read as well, and writes.
                let row = self.read(&claim.application, &claim.shard);
                tokio::time::sleep(Duration::from_millis(20)).await;
                let (mut row, first) =
                    row.map_or_else(|| LeaseRow::create(claim), |row| (row, LeaseRow::create(claim).1));
                let lease = if row.version == 1 { Some(first) } else { row.claim(claim) };
                self.write(&claim.application, row);
                return Ok(lease);
            }
            let mut rows = self.rows.lock().unwrap();
            let key = self.key(&claim.application, &claim.shard);
            if let Some(row) = rows.get_mut(&key) {
                return Ok(self.take(claim, row));
            }
            let (mut row, lease) = LeaseRow::create(claim);
            if self.breaks("the_first_claim_creates_the_row_with_its_initial_checkpoint") {
                row.checkpoint.arrival = None;
            }
            if self.breaks("names_come_back_as_they_were_given") {
                row.owner = row.owner.map(|owner| WorkerId::new(owner.as_str().replace('\'', "''")));
            }
            rows.insert(key, row);
            Ok(Some(lease))
        }
        .boxed()
    }

    fn renew<'a>(&'a self, lease: &'a Lease) -> BoxFuture<'a, Result<Lease>> {
        async move {
            if self.breaks("a_lease_without_a_row_is_no_lease") {
                return Ok(lease.clone());
            }
            self.change(lease, |row| row.renew(&self.forged(lease, row)))
        }
        .boxed()
    }

    fn commit<'a>(&'a self, lease: &'a Lease, checkpoint: &'a Checkpoint) -> BoxFuture<'a, Result<Lease>> {
        async move { self.change(lease, |row| self.store(lease, checkpoint, row)) }.boxed()
    }

    fn release<'a>(&'a self, lease: &'a Lease, to: Option<&'a WorkerId>) -> BoxFuture<'a, Result<()>> {
        let anyone = self.breaks("a_lease_released_to_a_worker_waits_for_that_worker");
        let to = to.filter(|_| !anyone);
        async move { self.change(lease, |row| row.release(&self.forged(lease, row), to)) }.boxed()
    }

    fn request_handoff<'a>(
        &'a self,
        application: &'a Application,
        row: &'a LeaseRow,
        to: &'a WorkerId,
    ) -> BoxFuture<'a, Result<bool>> {
        async move {
            let mut rows = self.rows.lock().unwrap();
            let stored = rows.get_mut(&self.key(application, &row.shard)).unwrap();
            if self.breaks("a_handoff_request_does_not_put_off_expiry") {
                stored.version += 1;
            }
            if self.breaks("the_first_handoff_request_stands_and_the_owner_sees_it") {
                stored.handoff = None;
            }
            if self.breaks("a_handoff_request_against_an_older_claim_is_void") {
                stored.handoff = Some(Handoff { to: to.clone(), token: FencingToken(row.token.0) });
                return Ok(true);
            }
            let stands = stored.request_handoff(row, to);
            Ok(stands || self.breaks("of_many_handoff_requests_exactly_one_stands"))
        }
        .boxed()
    }

    fn list<'a>(&'a self, application: &'a Application) -> BoxFuture<'a, Result<Vec<LeaseRow>>> {
        async move {
            let rows = self.rows.lock().unwrap();
            let (wanted, _) = self.key(application, &ShardId::new(""));
            let mut listed: Vec<_> =
                rows.iter().filter(|((of, _), _)| *of == wanted).map(|(_, row)| row.clone()).collect();
            if self.breaks("rows_are_listed_in_the_order_of_their_shards") {
                listed.reverse();
            }
            Ok(listed)
        }
        .boxed()
    }

    fn reset<'a>(
        &'a self,
        application: &'a Application,
        shard: &'a ShardId,
        listed: Option<&'a LeaseRow>,
        checkpoint: &'a Checkpoint,
    ) -> BoxFuture<'a, Result<bool>> {
        async move {
            let stored = self.read(application, shard);
            let as_listed = stored.as_ref().map(|row| row.version) == listed.map(|row| row.version);
            if as_listed {
                let row =
                    stored.map_or_else(|| LeaseRow::free(shard, checkpoint), |row| row.reset(checkpoint));
                self.write(application, row);
            }
            Ok(as_listed)
        }
        .boxed()
    }

    fn started<'a>(
        &'a self,
        application: &'a Application,
    ) -> BoxFuture<'a, Result<Option<ApplicationStart>>> {
        async move { Ok(self.starts.lock().unwrap().get(application).cloned()) }.boxed()
    }

    fn announce<'a>(
        &'a self,
        application: &'a Application,
        worker: &'a WorkerId,
        max_shards: u32,
    ) -> BoxFuture<'a, Result<()>> {
        self.whole.announce(application, worker, max_shards)
    }

    fn workers<'a>(&'a self, application: &'a Application) -> BoxFuture<'a, Result<Vec<WorkerRow>>> {
        self.whole.workers(application)
    }

    fn retire<'a>(
        &'a self,
        application: &'a Application,
        listed: &'a WorkerRow,
    ) -> BoxFuture<'a, Result<()>> {
        self.whole.retire(application, listed)
    }
}
