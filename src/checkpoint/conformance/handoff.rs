//! How a lease goes from one worker to another.

use super::subject::{Subject, after, contend, handoff, worker};
use crate::checkpoint::Claim;

/// A lease released to a worker is that worker's to claim, and nobody else's.
pub(super) async fn a_lease_released_to_a_worker_waits_for_that_worker(subject: Subject) {
    let lease = subject.hold("old").await;
    let lease = subject.commit(&lease, after(7)).await;
    subject.release(&lease, Some("new")).await;
    let row = subject.row().await;
    assert_eq!((&row.owner, &row.handoff), (&Some(worker("new")), &None));
    for name in ["old", "other"] {
        assert_eq!(subject.ask(&subject.claim(name)).await, None, "it was released to another");
    }
    assert_eq!(subject.row().await, row, "a refused claim leaves the row as it was");
    let taken = subject.hold("new").await;
    assert!(taken.token > lease.token);
    assert_eq!(taken.checkpoint.position, after(7), "what was acked is not repeated");
}

/// A lease released to a worker that never comes expires as any other.
pub(super) async fn a_lease_released_to_a_dead_worker_expires(subject: Subject) {
    let lease = subject.hold("old").await;
    subject.release(&lease, Some("dead")).await;
    let stale = Claim { expired: Some(lease.version), ..subject.claim("heir") };
    assert_eq!(subject.ask(&stale).await, None, "the release changed the version");
    let taken = subject.take_over("heir").await;
    assert!(taken.token > lease.token);
    assert_eq!(subject.ask(&subject.claim("dead")).await, None, "it came too late");
    subject.commit(&taken, after(1)).await;
}

/// The first request stands; the owner learns of it with its next renewal or commit, everybody with the list.
pub(super) async fn the_first_handoff_request_stands_and_the_owner_sees_it(subject: Subject) {
    let lease = subject.hold("owner").await;
    assert_eq!(lease.handoff, None);
    let row = subject.row().await;
    assert!(subject.request(&row, "first").await, "the first request stands");
    assert!(!subject.request(&row, "second").await, "the second does not");
    assert!(subject.request(&row, "first").await, "the first still does, when asked again");
    assert_eq!(subject.row().await.handoff, Some(handoff("first", lease.token)));

    let lease = subject.renew(&lease).await;
    assert_eq!(lease.handoff, Some(worker("first")), "a renewal returns it");
    let lease = subject.commit(&lease, after(1)).await;
    assert_eq!(lease.handoff, Some(worker("first")), "a commit returns it");
    let row = subject.row().await;
    assert_eq!(row.handoff, Some(handoff("first", lease.token)), "writes of the owner keep it");
    assert!(!subject.request(&row, "third").await, "it stands while the claim lasts");
}

/// Of many workers that request a lease at once, exactly one is told that its request stands.
pub(super) async fn of_many_handoff_requests_exactly_one_stands(subject: Subject) {
    subject.hold("owner").await;
    let row = subject.row().await;
    let outcomes = contend(|name| {
        let (subject, row) = (subject.clone(), row.clone());
        async move { subject.request(&row, &name).await.then_some(name) }
    });
    let standing: Vec<_> = outcomes.await.into_iter().flatten().collect();
    assert_eq!(standing.len(), 1, "one request stands: {standing:?}");
    assert_eq!(subject.row().await.handoff, Some(handoff(&standing[0], row.token)));
}

/// A request made against a claim that is no longer the last one is void, and so is one for a free lease.
pub(super) async fn a_handoff_request_against_an_older_claim_is_void(subject: Subject) {
    subject.hold("old").await;
    let listed = subject.row().await;
    let owner = subject.take_over("owner").await;
    assert!(!subject.request(&listed, "late").await, "the token has changed");
    assert_eq!(subject.row().await.handoff, None);
    assert_eq!(subject.renew(&owner).await.handoff, None);

    let listed = subject.row().await;
    subject.release(&owner, None).await;
    assert!(!subject.request(&listed, "late").await, "nobody holds the lease");
    assert!(!subject.request(&subject.row().await, "late").await, "nobody holds the lease");
    let claimed = subject.hold("next").await;
    assert_eq!((claimed.handoff, subject.row().await.handoff), (None, None));
}

/// A request ends with the claim that it was made against: by a release, to anyone or to a worker, and by a claim.
pub(super) async fn a_handoff_request_ends_with_the_claim_it_was_made_against(subject: Subject) {
    for to in [None, Some("requester")] {
        let lease = subject.hold("requester").await;
        assert!(subject.request(&subject.row().await, "next").await);
        subject.release(&lease, to).await;
        assert_eq!(subject.row().await.handoff, None, "the release granted or refused it");
        let lease = subject.hold("requester").await;
        assert_eq!(lease.handoff, None);

        assert!(subject.request(&subject.row().await, "next").await);
        let lease = subject.take_over("heir").await;
        assert_eq!((&lease.handoff, &subject.row().await.handoff), (&None, &None), "the claim ended it");
        assert_eq!(subject.renew(&lease).await.handoff, None);
        assert!(subject.request(&subject.row().await, "another").await, "a new claim takes a new request");
        subject.release(&lease, None).await;
    }
}

/// A request proves nothing about the life of the owner: a claim that names the version before it still wins.
pub(super) async fn a_handoff_request_does_not_put_off_expiry(subject: Subject) {
    subject.hold("dead").await;
    let row = subject.row().await;
    assert!(subject.request(&row, "requester").await);
    assert_eq!(subject.row().await.version, row.version, "a request leaves the version alone");
    let claim = Claim { expired: Some(row.version), ..subject.claim("heir") };
    let lease = subject.ask(&claim).await.expect("the owner did not renew");
    assert_eq!(lease.handoff, None);
}
