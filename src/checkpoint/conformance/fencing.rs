//! What a worker that lost its lease can do: nothing.

use super::subject::{Subject, after, assert_kind, contend, shard, worker};
use crate::checkpoint::{Claim, FencingToken, Lease};
use crate::{ErrorKind, Position};

/// No write of a worker that lost its lease has any effect: neither renewal, nor commit, nor release.
pub(super) async fn no_write_of_a_worker_that_lost_its_lease_has_any_effect(subject: Subject) {
    let zombie = subject.hold("zombie").await;
    let zombie = subject.commit(&zombie, after(10)).await;
    let owner = subject.take_over("owner").await;
    subject.refuses_writes_of(&zombie).await;
    let owner = subject.commit(&owner, after(20)).await;
    subject.refuses_writes_of(&zombie).await;
    assert_eq!(subject.ask(&subject.claim("third")).await, None, "the zombie's release freed nothing");
    subject.commit(&owner, after(30)).await;
}

/// A worker that lost its lease and got it again is not helped by its first lease.
pub(super) async fn an_older_claim_of_the_same_worker_is_fenced_off_as_well(subject: Subject) {
    let first = subject.hold("worker").await;
    let other = subject.take_over("other").await;
    subject.release(&other, None).await;
    let second = subject.hold("worker").await;
    assert!(second.token > first.token);
    subject.refuses_writes_of(&first).await;
    subject.renew(&second).await;
}

/// Whoever released a lease holds it no longer.
pub(super) async fn a_released_lease_is_lost(subject: Subject) {
    let lease = subject.hold("first").await;
    subject.release(&lease, None).await;
    subject.refuses_writes_of(&lease).await;
    let lease = subject.hold("second").await;
    subject.release(&lease, Some("third")).await;
    subject.refuses_writes_of(&lease).await;
}

/// Writes of many zombies that arrive together with the owner's change nothing.
pub(super) async fn racing_zombies_never_overwrite_the_owner(subject: Subject) {
    let zombie = subject.hold("zombie").await;
    let owner = subject.take_over("owner").await;
    let outcomes = contend(|name| {
        let (subject, zombie, mut owner) = (subject.clone(), zombie.clone(), owner.clone());
        async move {
            if name != "worker-0" {
                let commit = subject.store.commit(&zombie, &after(1_000).into()).await;
                assert_kind(commit, &[ErrorKind::LeaseLost], "a zombie's commit");
                let release = subject.store.release(&zombie, None).await;
                return assert_kind(release, &[ErrorKind::LeaseLost], "a zombie's release");
            }
            for sequence in 1..=20 {
                owner = subject.commit(&owner, after(sequence)).await;
            }
        }
    });
    outcomes.await;
    let row = subject.row().await;
    assert_eq!((row.owner, row.checkpoint.position), (Some(worker("owner")), after(20)));
}

/// A lease whose row never was, or is gone, is `NotFound` or `LeaseLost`, and writing with it creates no row.
pub(super) async fn a_lease_without_a_row_is_no_lease(subject: Subject) {
    let Claim { application, worker, .. } = subject.claim("dreamer");
    let dream = Lease {
        application,
        shard: shard(),
        owner: worker,
        token: FencingToken(1),
        version: 1,
        checkpoint: Position::Beginning.into(),
        handoff: None,
    };
    let allowed = [ErrorKind::NotFound, ErrorKind::LeaseLost];
    assert_kind(subject.store.renew(&dream).await, &allowed, "renew");
    assert_kind(subject.store.commit(&dream, &after(1).into()).await, &allowed, "commit");
    assert_kind(subject.store.release(&dream, None).await, &allowed, "release");
    assert_eq!(subject.list().await, [], "no row came to be");
}
