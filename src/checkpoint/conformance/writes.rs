//! Many leases at once.

use std::collections::BTreeMap;

use futures::StreamExt as _;

use super::subject::{Subject, after, assert_kind};
use crate::checkpoint::{Claim, Lease, LeaseWrite};
use crate::{ErrorKind, Position, Result, ShardId};

/// More than any store sends in one exchange.
pub(super) const WRITES: usize = 200;

impl Subject {
    /// Takes the leases of as many shards.
    pub(super) async fn hold_many(&self, name: &str, shards: usize) -> Vec<Lease> {
        let mut leases = Vec::with_capacity(shards);
        for number in 0..shards {
            let claim = Claim { shard: ShardId::new(format!("shardId-{number:012}")), ..self.claim(name) };
            leases.push(self.ask(&claim).await.expect("a shard without a row is granted"));
        }
        leases
    }

    /// Writes a batch and returns the answers by their index, each of which must come once.
    async fn write(&self, writes: &[LeaseWrite]) -> Vec<Result<Lease>> {
        let answers: Vec<_> = self.store.write(writes).collect().await;
        let count = answers.len();
        let answers: BTreeMap<usize, _> = answers.into_iter().collect();
        let indices: Vec<_> = answers.keys().copied().collect();
        assert_eq!(count, writes.len(), "as many answers as writes");
        assert_eq!(
            indices,
            (0..writes.len()).collect::<Vec<_>>(),
            "each write is answered once, by its index"
        );
        answers.into_values().collect()
    }
}

/// Commits for the even ones, renewals for the odd ones.
pub(super) fn every_other_commits(leases: &[Lease], position: &Position) -> Vec<LeaseWrite> {
    let checkpoint = |index| (index % 2 == 0).then(|| position.clone().into());
    leases
        .iter()
        .enumerate()
        .map(|(index, lease)| LeaseWrite { lease: lease.clone(), checkpoint: checkpoint(index) })
        .collect()
}

/// Each of many writes is answered once, with its index and the lease as it is then; the answers serve for the next
/// batch.
pub(super) async fn each_write_of_a_batch_is_answered_once_with_its_index(subject: Subject) {
    let mut leases = subject.hold_many("owner", WRITES).await;
    for round in 1..=2 {
        let writes = every_other_commits(&leases, &after(round));
        let before = std::mem::take(&mut leases);
        for (index, (answer, before)) in subject.write(&writes).await.into_iter().zip(before).enumerate() {
            let lease = answer.unwrap_or_else(|error| panic!("write {index} is done: {error}"));
            let position = if index % 2 == 0 { after(round) } else { Position::Beginning };
            let checkpoint = position.into();
            let expected = Lease { version: lease.version, checkpoint, ..before.clone() };
            assert_eq!(lease, expected, "the answer to write {index} is its own");
            assert_ne!(lease.version, before.version, "write {index} proves that the owner lives");
            leases.push(lease);
        }
    }
    for (row, lease) in subject.list().await.into_iter().zip(leases) {
        assert_eq!((row.shard, row.version), (lease.shard, lease.version), "the row is what the lease says");
        assert_eq!(row.checkpoint, lease.checkpoint);
    }
}

/// A write that cannot be done fails alone: the others of its batch are done.
pub(super) async fn a_lost_lease_and_a_step_backwards_fail_alone_among_many_writes(subject: Subject) {
    let leases = subject.hold_many("owner", WRITES).await;
    let mut writes = every_other_commits(&leases, &after(50));
    let (lost, backwards, missing) = (3, 8, 130);
    let version = leases[lost].version;
    let thief = Claim { shard: leases[lost].shard.clone(), expired: Some(version), ..subject.claim("thief") };
    subject.ask(&thief).await.expect("a lease whose version is the one that expired is granted");
    let ahead = subject.store.commit(&leases[backwards], &after(99).into()).await;
    writes[backwards].lease = ahead.expect("the owner moves the checkpoint forward");
    writes[missing].lease.shard = ShardId::new("shardId-without-a-row");
    let before = subject.list().await;

    let outcomes = subject.write(&writes).await;
    let rows = subject.list().await;
    assert_eq!(rows.len(), WRITES, "a lease without a row makes none");
    for (index, outcome) in outcomes.into_iter().enumerate() {
        match index {
            _ if index == lost => assert_kind(outcome, &[ErrorKind::LeaseLost], "the write of a lost lease"),
            _ if index == backwards => assert_kind(outcome, &[ErrorKind::Conflict], "a step backwards"),
            _ if index == missing => {
                let gone = [ErrorKind::LeaseLost, ErrorKind::NotFound];
                assert_kind(outcome, &gone, "the write of a lease without a row");
            }
            _ => {
                let lease = outcome.unwrap_or_else(|error| panic!("write {index} is done: {error}"));
                assert_eq!(
                    (rows[index].version, &rows[index].checkpoint),
                    (lease.version, &lease.checkpoint)
                );
                assert_ne!(rows[index].version, before[index].version, "write {index} is stored");
                continue;
            }
        }
        assert_eq!(rows[index], before[index], "write {index} failed and left its row as it was");
    }
}

/// No writes, no answers, and no failure.
pub(super) async fn a_batch_of_no_writes_has_no_answers(subject: Subject) {
    assert!(subject.write(&[]).await.is_empty());
    subject.hold("owner").await;
    let before = subject.list().await;
    assert!(subject.write(&[]).await.is_empty());
    assert_eq!(subject.list().await, before);
}
