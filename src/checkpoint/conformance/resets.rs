//! What an operator may do to a stored position.

use super::subject::{Subject, after, checkpoint, contend, ladder, shard, time};
use crate::Position;
use crate::checkpoint::{Claim, LeaseRow};

/// A reset stores a checkpoint whatever was stored: forwards, backwards, and the same again.
pub(super) async fn a_reset_moves_a_checkpoint_backwards_as_well_as_forwards(subject: Subject) {
    let lease = subject.hold("owner").await;
    let lease = subject.commit(&lease, after(50)).await;
    subject.release(&lease, None).await;
    let mut versions = vec![subject.row().await.version];
    let mut steps = ladder();
    steps.extend(ladder().into_iter().rev());
    for (number, position) in (0..).zip(steps) {
        let wanted = checkpoint(position, (number % 2 == 0).then(|| time(number)));
        let listed = subject.row().await;
        let reset = subject.store.reset(&subject.application, &shard(), Some(&listed), &wanted).await;
        assert!(reset.expect("a reset is done or refused"), "the row is as it was listed");
        let row = subject.row().await;
        assert_eq!(row.checkpoint, wanted, "what the operator gave is stored, arrival time and all");
        assert!(!versions.contains(&row.version), "the version changed to one that never was");
        versions.push(row.version);
    }
}

/// A reset frees the shard and lets a standing request go, and its owner learns that the lease is lost.
pub(super) async fn a_reset_frees_the_shard_and_fences_its_owner_off(subject: Subject) {
    let lease = subject.hold("owner").await;
    let lease = subject.commit(&lease, after(50)).await;
    assert!(subject.request(&subject.row().await, "heir").await);
    let listed = subject.row().await;
    assert!(subject.reset(Some(&listed), after(20)).await);
    let row = subject.row().await;
    let expected = LeaseRow {
        owner: None,
        version: row.version,
        checkpoint: after(20).into(),
        handoff: None,
        ..listed.clone()
    };
    assert_eq!(row, expected, "the token stays, and nobody holds the shard");
    assert_ne!(row.version, listed.version);
    subject.refuses_writes_of(&lease).await;
    let stale = Claim { expired: Some(listed.version), ..subject.claim("heir") };
    let heir = subject.ask(&stale).await.expect("anybody may claim a free shard");
    assert_eq!(heir.checkpoint.position, after(20));
    subject.refuses_writes_of(&lease).await;
}

/// A reset is refused when the row changed since it was listed: by a claim, a renewal, a commit, a release or a reset.
pub(super) async fn a_reset_of_a_row_that_changed_since_it_was_listed_is_refused(subject: Subject) {
    let lease = subject.hold("owner").await;
    let mut listed = vec![subject.row().await];
    let lease = subject.renew(&lease).await;
    listed.push(subject.row().await);
    let lease = subject.commit(&lease, after(50)).await;
    listed.push(subject.row().await);
    subject.release(&lease, None).await;
    listed.push(subject.row().await);
    let lease = subject.hold("owner").await;
    listed.push(subject.row().await);
    assert!(subject.reset(listed.last(), after(60)).await, "it is as it was listed last");
    let current = subject.row().await;
    for stale in &listed {
        assert!(!subject.reset(Some(stale), Position::Beginning).await, "{stale:?} is not what is stored");
        assert_eq!(subject.row().await, current, "a refused reset leaves the row as it is");
    }
    subject.refuses_writes_of(&lease).await;
}

/// Where there was no row when it was listed, a reset makes one, and is refused if there is one by then; where there was
/// one, a reset makes none.
pub(super) async fn a_reset_makes_the_row_of_a_shard_that_has_none_and_only_then(subject: Subject) {
    assert!(subject.reset(None, after(7)).await, "there is no row");
    let row = subject.row().await;
    assert_eq!((row.owner.as_ref(), &row.handoff), (None, &None));
    assert_eq!((&row.shard, &row.checkpoint), (&shard(), &after(7).into()));
    assert!(!subject.reset(None, after(9)).await, "there is a row");
    assert_eq!(subject.row().await, row, "a refused reset leaves the row as it is");
    let lease = subject.hold("owner").await;
    assert!(lease.token > row.token);
    assert_eq!(lease.checkpoint.position, after(7), "the row that the operator made is no first claim");

    let other = subject.of(&subject.application.name, "invoices");
    assert!(!other.reset(Some(&row), after(9)).await, "the row is another stream's");
    assert_eq!(other.list().await, [], "a refused reset makes no row");
}

/// Of many resets against one listing exactly one is done: where there is no row, and where there is one.
pub(super) async fn of_many_resets_against_one_listing_exactly_one_is_done(subject: Subject) {
    for round in 0..4 {
        let listed = subject.list().await.pop();
        let outcomes = contend(|name| {
            let (subject, listed) = (subject.clone(), listed.clone());
            let number = name.rsplit('-').next().and_then(|digits| digits.parse().ok()).unwrap_or_default();
            async move { subject.reset(listed.as_ref(), after(number)).await.then_some(number) }
        });
        let done: Vec<u64> = outcomes.await.into_iter().flatten().collect();
        assert_eq!(done.len(), 1, "round {round}: one reset is done");
        let stored = subject.row().await.checkpoint.position;
        assert_eq!(
            stored,
            after(done[0]),
            "round {round}: what is stored is the one that was said to be done"
        );
    }
}

/// The shard is read from where it was reset to, under a token that no earlier claim had.
pub(super) async fn a_claim_after_a_reset_continues_there_with_a_greater_token(subject: Subject) {
    let lease = subject.hold("owner").await;
    let lease = subject.commit(&lease, after(50)).await;
    assert!(subject.reset(Some(&subject.row().await), after(20)).await);
    // The old owner is as free to claim as anybody.
    let again = subject.hold("owner").await;
    assert!(again.token > lease.token, "{} is not greater than {}", again.token, lease.token);
    assert_eq!(again.checkpoint.position, after(20));
    let again = subject.commit(&again, after(30)).await;
    assert_eq!(subject.row().await.checkpoint.position, after(30), "it goes on from there");
    subject.refuses_writes_of(&lease).await;
    subject.renew(&again).await;
}

/// A shard that was read to its end is read again once an operator says so.
pub(super) async fn a_finished_shard_that_was_reset_can_be_claimed_again(subject: Subject) {
    let lease = subject.hold("owner").await;
    let lease = subject.commit(&lease, Position::End).await;
    subject.release(&lease, None).await;
    assert_eq!(subject.ask(&subject.claim("heir")).await, None, "it is finished");
    assert!(subject.reset(Some(&subject.row().await), Position::Beginning).await);
    let heir = subject.hold("heir").await;
    assert!(heir.token > lease.token);
    assert_eq!(heir.checkpoint.position, Position::Beginning);
    subject.commit(&heir, Position::End).await;
}
