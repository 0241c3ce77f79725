//! Who is there, whether or not it holds a lease.

use super::listing::ODD;
use super::subject::{Subject, WORKERS, contend, worker};
use crate::checkpoint::WorkerRow;

impl Subject {
    async fn names(&self) -> Vec<String> {
        self.workers().await.into_iter().map(|row| row.worker.as_str().to_owned()).collect()
    }
}

/// Each announcement changes the version of its worker to one that never was, stores how much it would read, and leaves
/// other workers, and leases, as they are.
pub(super) async fn an_announcement_changes_the_version_of_its_worker_alone(subject: Subject) {
    assert_eq!(subject.workers().await, [], "nobody announced itself");
    subject.announce("first", 4).await;
    subject.announce("second", 1).await;
    subject.hold("first").await;
    let (lease, rows) = (subject.row().await, subject.workers().await);
    let [first, second] = &rows[..] else { panic!("two workers announced themselves: {rows:?}") };
    assert_eq!((&first.worker, first.max_shards), (&worker("first"), 4));
    assert_eq!((&second.worker, second.max_shards), (&worker("second"), 1));

    let mut versions = vec![first.version];
    for max_shards in [4, 4, u32::MAX, 0, 4] {
        subject.announce("first", max_shards).await;
        let rows = subject.workers().await;
        assert_eq!((&rows[0].worker, rows[0].max_shards), (&worker("first"), max_shards));
        assert!(!versions.contains(&rows[0].version), "{} was a version before", rows[0].version);
        versions.push(rows[0].version);
        assert_eq!(&rows[1], second, "the other worker did not announce itself");
    }
    assert_eq!(subject.row().await, lease, "an announcement is no renewal");
}

/// Workers are listed in the order of their names, whatever the order in which they came.
pub(super) async fn workers_are_listed_in_the_order_of_their_names(subject: Subject) {
    for number in [7, 0, 12, 3, 100, 1, 9, 2] {
        subject.announce(&format!("worker-{number:03}"), 1).await;
    }
    let expected: Vec<_> = [0, 1, 2, 3, 7, 9, 12, 100].map(|number| format!("worker-{number:03}")).into();
    assert_eq!(subject.names().await, expected);
}

/// Names of workers come back as they were given, and name the row that is retired.
pub(super) async fn names_of_workers_come_back_as_they_were_given(subject: Subject) {
    for odd in ODD {
        let subject = subject.of(&format!("{}{odd}", subject.application.name), odd);
        subject.announce(odd, 1).await;
        assert_eq!(subject.names().await, [odd]);
        subject.retire(&subject.workers().await[0]).await;
        assert_eq!(subject.workers().await, []);
    }
}

/// Applications and streams do not see each other's workers, however their names read when put together.
pub(super) async fn applications_and_streams_have_workers_of_their_own(subject: Subject) {
    let base = &*subject.application.name;
    let mut others =
        vec![subject.clone(), subject.of(base, "invoices"), subject.of(&format!("{base}-orders"), "orders")];
    for separator in [":", "/", "-", "."] {
        others.push(subject.of(&format!("{base}{separator}b"), "c"));
        others.push(subject.of(base, &format!("b{separator}c")));
    }
    for (number, other) in (1..).zip(&others) {
        other.announce("same", number).await;
    }
    for (number, other) in (1..).zip(&others) {
        let rows = other.workers().await;
        let seen: Vec<_> = rows.iter().map(|row| (row.worker.as_str(), row.max_shards)).collect();
        assert_eq!(seen, [("same", number)], "{}", other.application);
    }
    let listed = subject.workers().await;
    subject.retire(&listed[0]).await;
    assert_eq!(subject.workers().await, []);
    for other in &others[1..] {
        assert_eq!(other.workers().await.len(), 1, "{} retired nobody", other.application);
    }
}

/// A worker is retired as it was listed: one that announced itself since lives, and one that is gone may be retired
/// again. Its leases stay its own.
pub(super) async fn a_worker_that_announced_itself_since_it_was_listed_is_not_retired(subject: Subject) {
    subject.announce("first", 1).await;
    subject.announce("second", 1).await;
    let lease = subject.hold("first").await;
    let listed = subject.workers().await;
    subject.announce("first", 1).await;
    for row in &listed {
        subject.retire(row).await;
    }
    assert_eq!(subject.names().await, ["first"], "the one that announced itself since lives");
    subject.retire(&subject.workers().await[0]).await;
    assert_eq!(subject.workers().await, []);
    subject.retire(&listed[0]).await;
    subject.renew(&lease).await;

    subject.announce("first", 2).await;
    let back: Vec<WorkerRow> = subject.workers().await;
    assert_eq!((back[0].worker.as_str(), back[0].max_shards), ("first", 2), "who retired may come back");
}

/// Of workers that announce themselves at the same time none is forgotten, and each changes its version every time.
pub(super) async fn announcements_at_the_same_time_are_all_counted(subject: Subject) {
    let outcomes = contend(|name| {
        let subject = subject.clone();
        async move {
            let mut versions = Vec::new();
            for round in 0..4 {
                subject.announce(&name, round).await;
                let rows = subject.workers().await;
                let mine = rows.into_iter().find(|row| row.worker == worker(&name));
                let mine = mine.expect("a worker that announced itself is listed");
                assert_eq!(mine.max_shards, round, "what it said last is listed");
                assert!(!versions.contains(&mine.version), "round {round}: the version changed");
                versions.push(mine.version);
            }
        }
    });
    outcomes.await;
    assert_eq!(subject.workers().await.len(), WORKERS, "each worker is listed once");
}
