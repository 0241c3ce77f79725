//! Callers that do not wait for the answer: what they asked for is done or not done, never half, and they can go on.
//!
//! Each round has a shard or an application of its own, so that a verb which is still on its way when its caller has
//! gone can disturb no other round.

use std::future::Future;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use fastrand::Rng;
use futures::StreamExt as _;
use futures::future::{BoxFuture, poll_fn};
use tokio::time::timeout;

use super::subject::{Subject, after, checkpoint, time, worker};
use super::writes::{WRITES, every_other_commits};
use crate::checkpoint::{ApplicationStart, Claim, Lease, LeaseRow};
use crate::{ErrorKind, ShardId};

/// Each seed is one run of random verbs, cut short at random places.
const SEEDS: [u64; 2] = [7, 1_964];
const ROUNDS: usize = 48;

/// How often a caller tries to go on. What it left behind may come in between once.
const TRIES: usize = 5;

/// Drops a future before it is done: after as many polls as are drawn, or when a drawn time is over.
async fn cut_short<T>(rng: &mut Rng, future: impl Future<Output = T>) -> Option<T> {
    if rng.bool() {
        return timeout(Duration::from_millis(rng.u64(..3)), future).await.ok();
    }
    let (mut future, mut polls) = (pin!(future), rng.u32(..4));
    poll_fn(|context| {
        if polls == 0 {
            return Poll::Ready(None);
        }
        polls -= 1;
        match future.as_mut().poll(context) {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            Poll::Pending if polls == 0 => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}

/// A row whose token, where it was taken, and whose version are those of another: stores count as they like.
fn counted_as(row: &LeaseRow, other: &LeaseRow) -> LeaseRow {
    LeaseRow { token: other.token, version: other.version, ..row.clone() }
}

impl Subject {
    async fn row_of(&self, shard: &ShardId) -> Option<LeaseRow> {
        self.list().await.into_iter().find(|row| row.shard == *shard)
    }

    /// Takes the lease back and writes with it, as its owner does that does not know what became of its verb.
    async fn goes_on(&self, shard: &ShardId, sequence: u64) {
        for _ in 0..TRIES {
            let expired = self.row_of(shard).await.map(|row| row.version);
            let claim = Claim { shard: shard.clone(), expired, ..self.claim("owner") };
            let Some(lease) = self.ask(&claim).await else { continue };
            match self.store.commit(&lease, &after(sequence).into()).await {
                Ok(_) => return,
                Err(error) => assert_eq!(error.kind(), ErrorKind::LeaseLost, "{error}"),
            }
        }
        panic!("the owner of {shard} cannot go on");
    }

    /// Draws a verb on a row that is held; returns its name, what it does to the row, and the verb itself.
    fn draw<'a>(&'a self, rng: &mut Rng, lease: &'a Lease, row: &'a LeaseRow) -> Drawn<'a> {
        let mut done = row.clone();
        let (to, shard) = (lease.owner.clone(), row.shard.clone());
        let expect = "a verb that is applied to what is stored";
        match rng.u8(..6) {
            0 => {
                let claim = Claim { shard, expired: Some(row.version), ..self.claim("heir") };
                done.claim(&claim).expect(expect);
                ("claim", done, Box::pin(async move { self.store.claim(&claim).await.map(drop) }))
            }
            1 => {
                done.renew(lease).expect(expect);
                ("renew", done, Box::pin(async move { self.store.renew(lease).await.map(drop) }))
            }
            2 => {
                let next = checkpoint(after(20), Some(time(20)));
                done.commit(lease, &next).expect(expect);
                ("commit", done, Box::pin(async move { self.store.commit(lease, &next).await.map(drop) }))
            }
            3 => {
                done.release(lease, Some(&to)).expect(expect);
                ("release", done, Box::pin(async move { self.store.release(lease, Some(&to)).await }))
            }
            4 => {
                let back = checkpoint(after(5), Some(time(5)));
                let done = done.reset(&back);
                let reset = async move {
                    self.store.reset(&self.application, &row.shard, Some(row), &back).await.map(drop)
                };
                ("reset", done, Box::pin(reset))
            }
            _ => {
                let heir = worker("heir");
                assert!(done.request_handoff(row, &heir), "{expect}");
                let request =
                    async move { self.store.request_handoff(&self.application, row, &heir).await.map(drop) };
                ("request a hand-off", done, Box::pin(request))
            }
        }
    }
}

type Drawn<'a> = (&'static str, LeaseRow, BoxFuture<'a, crate::Result<()>>);

/// A verb whose future is dropped, at whatever poll and time, leaves its row as it was or as the verb makes it, and its
/// owner can go on.
pub(super) async fn a_verb_that_is_dropped_midway_is_done_or_not_done(subject: Subject) {
    for seed in SEEDS {
        let mut rng = Rng::with_seed(seed);
        for round in 0..ROUNDS {
            let shard = ShardId::new(format!("shardId-{seed}-{round}"));
            let claim = Claim { shard: shard.clone(), ..subject.claim("owner") };
            let lease = subject.ask(&claim).await.expect("a shard without a row is granted");
            let lease = subject.commit(&lease, after(10)).await;
            let before = subject.row_of(&shard).await.expect("the lease has a row");

            let (verb, done, future) = subject.draw(&mut rng, &lease, &before);
            let answer = cut_short(&mut rng, future).await;
            let place = format!("seed {seed}, round {round}, {verb}");
            if let Some(answer) = &answer {
                assert!(answer.is_ok(), "{place}: {answer:?}");
            }
            let row = subject.row_of(&shard).await.expect("no verb removes a row");
            let is_done = counted_as(&row, &done) == done
                && (row.version == before.version) == (done.version == before.version)
                && (row.token == before.token) == (done.token == before.token);
            let is_undone = answer.is_none() && row == before;
            assert!(is_done || is_undone, "{place}: the row is {row:?}, it was {before:?}");
            subject.goes_on(&shard, 30).await;
        }
        for row in subject.list().await {
            assert_eq!(
                row.owner,
                Some(worker("owner")),
                "a verb of one who had gone took {} away",
                row.shard
            );
            assert_eq!(row.checkpoint.position, after(30));
        }
    }
}

/// A batch that is dropped has done or not done each of its writes: what it answered is done, the rest is as it was or
/// as it was to be.
pub(super) async fn a_batch_that_is_dropped_midway_has_done_or_not_done_each_write(subject: Subject) {
    let mut rng = Rng::with_seed(SEEDS[0]);
    for round in 0..4 {
        let subject = subject.of(&format!("{}-{round}", subject.application.name), "orders");
        let leases = subject.hold_many("owner", WRITES).await;
        let writes = every_other_commits(&leases, &after(10));
        let mut answered = Vec::new();
        let mut answers = subject.store.write(&writes).take(rng.usize(..WRITES));
        while let Some(Some((index, answer))) = cut_short(&mut rng, answers.next()).await {
            let lease = answer.unwrap_or_else(|error| panic!("write {index} is done: {error}"));
            answered.push((index, lease.version));
        }
        drop(answers);

        let rows = subject.list().await;
        for (row, write) in rows.iter().zip(&writes) {
            let stored = &write.lease.checkpoint;
            let undone = row.version == write.lease.version && row.checkpoint == *stored;
            let wanted = write.checkpoint.as_ref().unwrap_or(stored);
            let done = row.version != write.lease.version && row.checkpoint == *wanted;
            assert!(done || undone, "round {round}: half a write: {row:?}");
            assert_eq!(row.owner, Some(worker("owner")), "round {round}: no write takes a lease away");
        }
        for (index, version) in answered {
            assert_eq!(
                rows[index].version, version,
                "round {round}: write {index} was answered and is stored"
            );
        }
        for lease in leases.iter().step_by(WRITES / 8) {
            subject.goes_on(&lease.shard, 30).await;
        }
    }
}

/// A start whose caller goes is recorded with all its shards, or is not recorded, and the next caller is told so.
pub(super) async fn a_start_that_is_dropped_midway_is_recorded_whole_or_not_at_all(subject: Subject) {
    let proposal = |at, shards: usize| ApplicationStart {
        at: time(at),
        shards: (0..shards).map(|shard| ShardId::new(format!("shardId-{at}-{shard:012}"))).collect(),
    };
    let mut rng = Rng::with_seed(SEEDS[1]);
    for round in 0..ROUNDS {
        let subject = subject.of(&format!("{}-{round}", subject.application.name), "orders");
        let first = proposal(1, rng.usize(1..WRITES));
        let start = subject.store.start(&subject.application, first.clone());
        let answer = cut_short(&mut rng, start).await;
        let started = subject.store.started(&subject.application).await.expect("one is found or none");
        let is_recorded = started.as_ref() == Some(&first);
        assert!(is_recorded || (answer.is_none() && started.is_none()), "round {round}: {started:?}");
        let second = proposal(2, 3);
        let told = subject.store.start(&subject.application, second.clone()).await;
        let told = told.expect("a start is recorded or was recorded before");
        assert!(told == first || (!is_recorded && told == second), "round {round}: {told:?}");
        let started = subject.store.started(&subject.application).await.expect("one is found or none");
        assert_eq!(started, Some(told), "round {round}: what was told is what is recorded");
    }
}
