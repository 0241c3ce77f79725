//! What is listed, and of whom.

use super::subject::{Subject, after, worker};
use crate::ShardId;
use crate::checkpoint::{Claim, LeaseRow, WorkerId};

/// Names that a store might take for something else: separators, quotes, patterns, hash tags, other scripts.
pub(super) const ODD: [&str; 9] =
    ["a'b\"c", "a/b", "a:b", "{a}b", "a b%_*?", "naïve-日本語", "a\\b", "__CHECKPOINT__", "a\nb"];

/// Rows are listed in the order of their shards, whatever the order in which they came.
pub(super) async fn rows_are_listed_in_the_order_of_their_shards(subject: Subject) {
    for number in [7, 0, 12, 3, 100, 1, 9, 2] {
        let claim = Claim { shard: ShardId::new(format!("shardId-{number:012}")), ..subject.claim("owner") };
        subject.ask(&claim).await.expect("a shard without a row is granted");
    }
    let listed: Vec<_> = subject.list().await.into_iter().map(|row| row.shard).collect();
    let expected: Vec<_> =
        [0, 1, 2, 3, 7, 9, 12, 100].map(|n| ShardId::new(format!("shardId-{n:012}"))).into();
    assert_eq!(listed, expected);
}

/// Applications and streams do not see each other's rows, however their names read when put together.
pub(super) async fn applications_and_streams_are_apart_whatever_their_names(subject: Subject) {
    let base = &*subject.application.name;
    let mut others =
        vec![subject.clone(), subject.of(base, "invoices"), subject.of(&format!("{base}-orders"), "orders")];
    for separator in [":", "/", "-", "."] {
        others.push(subject.of(&format!("{base}{separator}b"), "c"));
        others.push(subject.of(base, &format!("b{separator}c")));
    }
    for (number, other) in (1..).zip(&others) {
        let lease = other.hold(&format!("worker-{number}")).await;
        other.commit(&lease, after(number)).await;
    }
    for (number, other) in (1..).zip(&others) {
        let LeaseRow { owner, checkpoint, token, .. } = other.row().await;
        let name = worker(&format!("worker-{number}"));
        assert_eq!((owner, checkpoint.position), (Some(name), after(number)), "{}", other.application);
        assert_eq!(token.0, 1, "only one worker claimed {}", other.application);
    }
    assert_eq!(subject.of(&format!("{base}-unused"), "orders").list().await, []);
}

/// Names of applications, streams, shards and workers come back as they were given, odd characters included.
pub(super) async fn names_come_back_as_they_were_given(subject: Subject) {
    let base = &*subject.application.name;
    for odd in ODD {
        let subject = subject.of(&format!("{base}{odd}"), odd);
        let claim = Claim { shard: ShardId::new(odd), ..subject.claim(odd) };
        let lease = subject.ask(&claim).await.expect("a shard without a row is granted");
        let lease = subject.commit(&lease, after(1)).await;
        assert_eq!(lease.application, subject.application);
        let row = subject.row().await;
        assert_eq!((row.shard.as_str(), row.owner), (odd, Some(worker(odd))));
        assert!(subject.request(&subject.row().await, &format!("{odd}2")).await);
        let requested = subject.renew(&lease).await.handoff;
        assert_eq!(requested, Some(worker(&format!("{odd}2"))));
        subject.release(&lease, requested.as_ref().map(WorkerId::as_str)).await;
        assert_eq!(subject.row().await.owner, requested);
    }
}
