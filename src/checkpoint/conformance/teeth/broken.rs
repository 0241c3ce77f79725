//! A store that keeps all of the contract but one sentence.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

use crate::checkpoint::{
    Application, ApplicationStart, Checkpoint, Claim, FencingToken, Lease, LeaseRow, WorkerId, WorkerRow,
};
use crate::{Error, ErrorKind, Position, Result, ShardId};

/// A store that breaks one sentence of the contract.
#[derive(Debug)]
pub(super) struct Broken {
    sentence: &'static str,
    pub(super) starts: Mutex<BTreeMap<Application, ApplicationStart>>,
    pub(super) rows: Mutex<BTreeMap<(Application, ShardId), LeaseRow>>,
    pub(super) workers: Mutex<BTreeMap<(Application, WorkerId), WorkerRow>>,
    stumbled: AtomicBool,
}

impl Broken {
    pub(super) fn at(sentence: &'static str) -> Self {
        Self {
            sentence,
            starts: Mutex::default(),
            rows: Mutex::default(),
            workers: Mutex::default(),
            stumbled: AtomicBool::new(false),
        }
    }

    pub(super) fn breaks(&self, sentence: &str) -> bool {
        self.sentence == sentence
    }

    pub(super) fn key(&self, application: &Application, shard: &ShardId) -> (Application, ShardId) {
        if self.breaks("applications_and_streams_are_apart_whatever_their_names") {
            let joined = format!("{}-{}", application.name, application.stream);
            return (Application::new(joined, ""), shard.clone());
        }
        (application.clone(), shard.clone())
    }

    pub(super) fn read(&self, application: &Application, shard: &ShardId) -> Option<LeaseRow> {
        self.rows.lock().unwrap().get(&self.key(application, shard)).cloned()
    }

    pub(super) fn write(&self, application: &Application, row: LeaseRow) {
        self.rows.lock().unwrap().insert(self.key(application, &row.shard), row);
    }

    pub(super) fn change<T>(
        &self,
        lease: &Lease,
        change: impl FnOnce(&mut LeaseRow) -> Result<T>,
    ) -> Result<T> {
        let mut rows = self.rows.lock().unwrap();
        let row = rows.get_mut(&self.key(&lease.application, &lease.shard));
        change(row.ok_or_else(|| LeaseRow::missing("write", &lease.application, &lease.shard))?)
    }

    /// Returns the lease that the row takes for its own.
    pub(super) fn forged(&self, lease: &Lease, row: &LeaseRow) -> Lease {
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

    pub(super) fn take(&self, claim: &Claim, row: &mut LeaseRow) -> Option<Lease> {
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

    pub(super) fn store(&self, lease: &Lease, checkpoint: &Checkpoint, row: &mut LeaseRow) -> Result<Lease> {
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

impl Broken {
    /// Stores a checkpoint without the rest of a commit.
    pub(super) fn begin(&self, lease: &Lease, checkpoint: &Checkpoint) -> Result<()> {
        self.change(lease, |row| {
            row.checkpoint = checkpoint.clone();
            Ok(())
        })
    }

    /// Returns what becomes of a row that is reset.
    pub(super) fn moved(&self, before: &LeaseRow, mut after: LeaseRow) -> LeaseRow {
        if self.breaks("a_reset_moves_a_checkpoint_backwards_as_well_as_forwards") {
            after.checkpoint.position = after.checkpoint.position.max(before.checkpoint.position.clone());
        }
        if self.breaks("a_reset_frees_the_shard_and_fences_its_owner_off") {
            after.owner = before.owner.clone();
        }
        if self.breaks("a_claim_after_a_reset_continues_there_with_a_greater_token") {
            after.token = FencingToken::default();
        }
        if self.breaks("a_finished_shard_that_was_reset_can_be_claimed_again")
            && before.checkpoint.position == Position::End
        {
            after.checkpoint.position = Position::End;
        }
        after
    }
}

fn whole_seconds(time: SystemTime) -> SystemTime {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap();
    SystemTime::UNIX_EPOCH + Duration::from_secs(since.as_secs())
}
