//! The verbs of the broken store.

use std::time::Duration;

use futures::future::BoxFuture;
use futures::stream::{self, BoxStream};
use futures::{FutureExt as _, StreamExt as _};
use tokio::time::sleep;

use super::broken::Broken;
use crate::checkpoint::{
    Application, ApplicationStart, Checkpoint, CheckpointStore, Claim, FencingToken, Handoff, Lease,
    LeaseRow, LeaseWrite, WorkerId, WorkerRow,
};
use crate::{Error, ErrorKind, Result, ShardId};

/// How long a verb that is done in two steps rests between them.
pub(super) const MIDWAY: Duration = Duration::from_millis(20);

impl CheckpointStore for Broken {
    fn start<'a>(
        &'a self,
        application: &'a Application,
        proposed: ApplicationStart,
    ) -> BoxFuture<'a, Result<ApplicationStart>> {
        async move {
            if self.breaks("a_start_that_is_dropped_midway_is_recorded_whole_or_not_at_all") {
                let half = ApplicationStart { at: proposed.at, shards: Vec::new() };
                self.starts.lock().unwrap().entry(application.clone()).or_insert(half);
                sleep(MIDWAY).await;
                self.starts.lock().unwrap().retain(|_, start| !start.shards.is_empty());
            }
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
                sleep(MIDWAY).await;
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
        async move {
            if self.breaks("a_verb_that_is_dropped_midway_is_done_or_not_done") {
                self.begin(lease, checkpoint)?;
                sleep(MIDWAY).await;
            }
            self.change(lease, |row| self.store(lease, checkpoint, row))
        }
        .boxed()
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

    fn write<'a>(&'a self, writes: &'a [LeaseWrite]) -> BoxStream<'a, (usize, Result<Lease>)> {
        let answer = async move {
            if self.breaks("a_batch_that_is_dropped_midway_has_done_or_not_done_each_write") {
                for LeaseWrite { lease, checkpoint } in writes {
                    self.begin(lease, checkpoint.as_ref().unwrap_or(&lease.checkpoint)).unwrap();
                }
                sleep(MIDWAY).await;
            }
            let mut answers = Vec::new();
            for (index, LeaseWrite { lease, checkpoint }) in writes.iter().enumerate() {
                let index = if self.breaks("each_write_of_a_batch_is_answered_once_with_its_index") {
                    0
                } else {
                    index
                };
                let checkpoint = checkpoint.as_ref().unwrap_or(&lease.checkpoint);
                answers.push((index, self.commit(lease, checkpoint).await));
            }
            let coupled = self.breaks("a_lost_lease_and_a_step_backwards_fail_alone_among_many_writes")
                && answers.iter().any(|(_, answer)| answer.is_err());
            if coupled || (writes.is_empty() && self.breaks("a_batch_of_no_writes_has_no_answers")) {
                return vec![(0, Err(Error::new(ErrorKind::Store, "write: the batch failed")))];
            }
            answers
        };
        answer.map(stream::iter).flatten_stream().boxed()
    }

    fn reset<'a>(
        &'a self,
        application: &'a Application,
        shard: &'a ShardId,
        listed: Option<&'a LeaseRow>,
        checkpoint: &'a Checkpoint,
    ) -> BoxFuture<'a, Result<bool>> {
        async move {
            let racing = self.breaks("of_many_resets_against_one_listing_exactly_one_is_done");
            let early = self.read(application, shard);
            if racing {
                sleep(MIDWAY).await;
            }
            let (mut rows, key) = (self.rows.lock().unwrap(), self.key(application, shard));
            let stored = if racing { early } else { rows.get(&key).cloned() };
            let as_listed = stored.as_ref().map(|row| row.version) == listed.map(|row| row.version);
            let careless = (self.breaks("a_reset_of_a_row_that_changed_since_it_was_listed_is_refused")
                && stored.is_some())
                || (self.breaks("a_reset_makes_the_row_of_a_shard_that_has_none_and_only_then")
                    && stored.is_none());
            if !as_listed && !careless {
                return Ok(false);
            }
            let row = stored.map_or_else(
                || LeaseRow::free(shard, checkpoint),
                |stored| self.moved(&stored, stored.clone().reset(checkpoint)),
            );
            rows.insert(key, row);
            Ok(true)
        }
        .boxed()
    }

    fn started<'a>(
        &'a self,
        application: &'a Application,
    ) -> BoxFuture<'a, Result<Option<ApplicationStart>>> {
        async move {
            let mut recorded = self.starts.lock().unwrap().get(application).cloned();
            if self.breaks("a_start_can_be_looked_for_without_one_being_recorded") {
                recorded.as_mut().map(|start| start.shards.pop());
            }
            Ok(recorded)
        }
        .boxed()
    }

    fn announce<'a>(
        &'a self,
        application: &'a Application,
        worker: &'a WorkerId,
        max_shards: u32,
    ) -> BoxFuture<'a, Result<()>> {
        self.note(application, worker, max_shards).boxed()
    }

    fn workers<'a>(&'a self, application: &'a Application) -> BoxFuture<'a, Result<Vec<WorkerRow>>> {
        async move { Ok(self.noted(application)) }.boxed()
    }

    fn retire<'a>(
        &'a self,
        application: &'a Application,
        listed: &'a WorkerRow,
    ) -> BoxFuture<'a, Result<()>> {
        async move {
            self.forget(application, listed);
            Ok(())
        }
        .boxed()
    }
}
