//! When an application began.

use super::subject::{Subject, contend, time};
use crate::ShardId;
use crate::checkpoint::ApplicationStart;

fn proposal(number: u64) -> ApplicationStart {
    let shards = (0..=number % 3).rev().map(|shard| ShardId::new(format!("shardId-{number}-{shard}")));
    ApplicationStart { at: time(number), shards: shards.collect() }
}

async fn start(subject: &Subject, number: u64) -> ApplicationStart {
    let recorded = subject.store.start(&subject.application, proposal(number)).await;
    recorded.expect("a start is recorded or was recorded before")
}

/// The first start of an application is recorded once; every later one is told the first.
pub(super) async fn the_first_start_is_recorded_for_good(subject: Subject) {
    assert_eq!(start(&subject, 5).await, proposal(5), "the first start is recorded, to the millisecond");
    for later in [6, 1, 5] {
        assert_eq!(start(&subject, later).await, proposal(5), "a later start is told the first");
    }
    let lease = subject.hold("owner").await;
    subject.release(&lease, None).await;
    assert_eq!(start(&subject, 7).await, proposal(5), "leases have no part in it");
    assert_eq!(subject.list().await.len(), 1, "a start is no row");

    let other = subject.of(&subject.application.name, "invoices");
    assert_eq!(start(&other, 8).await, proposal(8), "another stream has a start of its own");
    let other = subject.of(&format!("{}-2", subject.application.name), "orders");
    assert_eq!(start(&other, 9).await, proposal(9), "another application has a start of its own");
}

/// Workers that start at once agree on one start, which one of them proposed.
pub(super) async fn workers_that_start_at_once_agree_on_one_start(subject: Subject) {
    let outcomes = contend(|name| {
        let subject = subject.clone();
        let number = name.rsplit('-').next().and_then(|digits| digits.parse().ok()).unwrap_or_default();
        async move { start(&subject, number).await }
    });
    let recorded = outcomes.await;
    assert!(recorded.windows(2).all(|pair| pair[0] == pair[1]), "all are told the same: {recorded:?}");
    assert!((0..16).any(|number| proposal(number) == recorded[0]), "one of them proposed it");
    assert_eq!(start(&subject, 99).await, recorded[0]);
}

/// An application that never started has no start; what it records then is what everybody is told.
pub(super) async fn a_start_can_be_looked_for_without_one_being_recorded(subject: Subject) {
    let started = async || subject.store.started(&subject.application).await.expect("one is found or none");
    assert_eq!(started().await, None, "it never started");
    subject.hold("owner").await;
    subject.announce("owner", 1).await;
    assert_eq!(started().await, None, "neither a lease nor a worker is a start");
    let recorded = start(&subject, 5).await;
    assert_eq!(started().await, Some(recorded), "what was recorded is found, shards and all");
    start(&subject, 6).await;
    assert_eq!(started().await, Some(proposal(5)), "the first stays");

    let other = subject.of(&subject.application.name, "invoices");
    assert_eq!(other.store.started(&other.application).await.expect("one is found or none"), None);
}
