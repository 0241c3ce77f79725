//! Who gets a lease.

use std::collections::BTreeSet;

use super::subject::{Subject, after, checkpoint, contend, shard, time, worker};
use crate::Position;
use crate::checkpoint::{Claim, FencingToken, LeaseRow};

/// The first claim creates the row with its initial checkpoint and a token of 1 or more.
pub(super) async fn the_first_claim_creates_the_row_with_its_initial_checkpoint(subject: Subject) {
    assert_eq!(subject.list().await, [], "an application that nobody used has no rows");
    let initial = checkpoint(Position::At(time(7)), Some(time(8)));
    let claim = Claim { initial: initial.clone(), ..subject.claim("first") };
    let lease = subject.ask(&claim).await.expect("a shard without a row is granted");
    assert_eq!(lease.application, subject.application);
    assert_eq!((&lease.shard, &lease.owner), (&shard(), &worker("first")));
    assert!(lease.token >= FencingToken(1), "tokens start at 1");
    assert_eq!((&lease.checkpoint, &lease.handoff), (&initial, &None));
    let expected = LeaseRow {
        shard: shard(),
        owner: Some(worker("first")),
        token: lease.token,
        version: lease.version,
        checkpoint: initial,
        handoff: None,
    };
    assert_eq!(subject.list().await, [expected], "the row is what the lease says");
}

/// Of N workers that contend for a lease exactly one wins and can checkpoint: while there is no row, when it is free,
/// and when it has expired.
pub(super) async fn of_many_workers_that_contend_for_a_lease_exactly_one_wins_and_can_checkpoint(
    subject: Subject,
) {
    let mut expired = None;
    for round in 1..=6 {
        let before = subject.list().await.first().map(|row| row.token);
        let outcomes = contend(|name| {
            let subject = subject.clone();
            let claim = Claim { expired, ..subject.claim(&name) };
            async move {
                let lease = subject.ask(&claim).await?;
                // At once, while the others still try.
                Some(subject.commit(&lease, after(round)).await)
            }
        });
        let winners: Vec<_> = outcomes.await.into_iter().flatten().collect();
        assert_eq!(winners.len(), 1, "round {round}: one worker wins");
        let (winner, row) = (&winners[0], subject.row().await);
        assert_eq!(row.owner.as_ref(), Some(&winner.owner), "the row names the winner");
        assert_eq!((row.token, row.version), (winner.token, winner.version));
        assert_eq!(row.checkpoint.position, after(round), "the winner's checkpoint is stored");
        assert!(Some(row.token) > before, "the token grew");

        if round % 2 == 0 {
            subject.release(winner, None).await;
            expired = None;
        } else {
            expired = Some(row.version);
        }
    }
}

/// Nobody but its owner is granted a lease that is held.
pub(super) async fn a_held_lease_is_refused(subject: Subject) {
    let lease = subject.hold("owner").await;
    let held = subject.row().await;
    let never = [lease.version.wrapping_sub(1), lease.version + 1, 0, u64::from(u32::MAX)];
    for expired in [None].into_iter().chain(never.map(Some)) {
        let claim = Claim { expired, ..subject.claim("other") };
        assert_eq!(subject.ask(&claim).await, None, "the claim names {expired:?} as expired");
    }
    assert_eq!(subject.row().await, held, "a refused claim leaves the row as it was");
    subject.commit(&lease, after(1)).await;
}

/// A claim that names the row's version as expired wins; once the version has changed it is refused.
pub(super) async fn an_expired_version_is_taken_only_while_it_is_unchanged(subject: Subject) {
    let lease = subject.hold("owner").await;
    let late = Claim { expired: Some(lease.version), ..subject.claim("late") };
    let lease = subject.renew(&lease).await;
    assert_eq!(subject.ask(&late).await, None, "the owner renewed in between");
    assert_eq!(subject.row().await.owner, Some(worker("owner")));

    let taken = subject.take_over("heir").await;
    assert_eq!(taken.owner, worker("heir"));
    assert!(taken.token > lease.token);
    let again = Claim { expired: Some(lease.version), ..subject.claim("second heir") };
    assert_eq!(subject.ask(&again).await, None, "it was taken in between");
    assert_eq!(subject.row().await.owner, Some(worker("heir")));
}

/// The token grows at every claim, and neither a renewal nor a commit changes it.
pub(super) async fn the_token_grows_at_every_claim_and_only_there(subject: Subject) {
    let mut last = FencingToken(0);
    for round in 1..=4 {
        let lease = subject.hold(&format!("worker-{round}")).await;
        assert!(lease.token > last, "claim {round} got token {} after {last}", lease.token);
        last = lease.token;
        let lease = subject.renew(&lease).await;
        assert_eq!(lease.token, last, "a renewal keeps the token");
        let lease = subject.commit(&lease, after(round)).await;
        assert_eq!(lease.token, last, "a commit keeps the token");
        assert_eq!(subject.row().await.token, last);
        let lease = if round % 2 == 0 { lease } else { subject.take_over("in between").await };
        last = lease.token;
        subject.release(&lease, None).await;
        assert_eq!(subject.row().await.token, last, "a release keeps the token of the last claim");
    }
}

/// The version of a row never comes back: each claim, renewal, commit and release gives it a new one.
pub(super) async fn the_version_changes_at_every_claim_renewal_commit_and_release(subject: Subject) {
    let mut seen = BTreeSet::new();
    for round in 0..3 {
        let mut lease = subject.hold("owner").await;
        assert!(seen.insert(lease.version), "a claim changes the version");
        lease = subject.renew(&lease).await;
        assert!(seen.insert(lease.version), "a renewal changes the version");
        lease = subject.commit(&lease, after(round + 1)).await;
        assert!(seen.insert(lease.version), "a commit changes the version");
        assert_eq!(subject.row().await.version, lease.version, "the lease has the version of the row");
        subject.release(&lease, None).await;
        assert!(seen.insert(subject.row().await.version), "a release changes the version");
    }
}

/// A worker may claim what it holds already; its earlier lease is lost.
pub(super) async fn a_worker_that_claims_its_own_lease_gets_a_new_token(subject: Subject) {
    let first = subject.hold("owner").await;
    let second = subject.hold("owner").await;
    assert!(second.token > first.token);
    subject.refuses_writes_of(&first).await;
    subject.commit(&second, after(1)).await;
}

/// Release frees, and the next claim continues at the stored position, whatever initial checkpoint it names.
pub(super) async fn a_released_shard_continues_at_its_stored_position(subject: Subject) {
    let stored = checkpoint(after(7), Some(time(5)));
    let lease = subject.hold("first").await;
    let lease = subject.store.commit(&lease, &stored).await.expect("the owner commits");
    subject.release(&lease, None).await;
    let row = subject.row().await;
    assert_eq!((row.owner, row.checkpoint), (None, stored.clone()), "free, at the stored position");

    let claim = Claim { initial: after(1).into(), ..subject.claim("second") };
    let lease = subject.ask(&claim).await.expect("a free lease is granted");
    assert_eq!(lease.checkpoint, stored);
    assert_eq!(subject.row().await.checkpoint, stored);
    let lease = subject.take_over("third").await.checkpoint;
    assert_eq!(lease, stored, "a take-over continues there as well");
}

/// A finished shard is stored as finished: nobody claims it, by whatever right, and it stays at its end.
pub(super) async fn a_finished_shard_is_stored_as_finished_and_never_claimed(subject: Subject) {
    let lease = subject.hold("owner").await;
    let lease = subject.commit(&lease, Position::End).await;
    assert_eq!(lease.checkpoint.position, Position::End);
    let nobody_claims = async |when: &str| {
        let version = subject.row().await.version;
        for name in ["owner", "other"] {
            for expired in [None, Some(version)] {
                let claim = Claim { expired, ..subject.claim(name) };
                assert_eq!(subject.ask(&claim).await, None, "{name} claimed a finished shard {when}");
            }
        }
        assert_eq!(subject.row().await.checkpoint.position, Position::End);
    };
    nobody_claims("while it was held").await;
    subject.release(&lease, None).await;
    nobody_claims("after its release").await;
}
