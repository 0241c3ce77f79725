//! How a checkpoint moves.

use futures::future::join_all;

use super::subject::{Subject, after, assert_kind, checkpoint, ladder, time, worker};
use crate::checkpoint::Claim;
use crate::{ErrorKind, Position, ShardId};

/// A checkpoint never moves backwards: a lower position is a `Conflict`, and the row stays as it is.
pub(super) async fn a_checkpoint_never_moves_backwards(subject: Subject) {
    let mut lease = subject.hold("owner").await;
    let ladder = ladder();
    for (step, position) in ladder.iter().enumerate() {
        lease = subject.commit(&lease, position.clone()).await;
        let row = subject.row().await;
        assert_eq!(row.checkpoint.position, *position);
        for lower in &ladder[..step] {
            let commit = subject.store.commit(&lease, &lower.clone().into()).await;
            assert_kind(commit, &[ErrorKind::Conflict], &format!("a commit of {lower} after {position}"));
        }
        assert_eq!(subject.row().await, row, "a refused commit leaves the row as it was");
    }
    subject.renew(&lease).await;
}

/// Committing the stored position again is a renewal: a new version, the same checkpoint.
pub(super) async fn committing_the_stored_position_again_is_a_renewal(subject: Subject) {
    let mut lease = subject.hold("owner").await;
    for position in ladder().into_iter().skip(1) {
        let stored = checkpoint(position, Some(time(3)));
        lease = subject.store.commit(&lease, &stored).await.expect("a higher position is stored");
        let again = subject.store.commit(&lease, &stored).await.expect("the same position is a renewal");
        assert_ne!(again.version, lease.version, "{} again", stored.position);
        assert_eq!((again.token, &again.checkpoint), (lease.token, &stored));
        assert_eq!(subject.row().await.checkpoint, stored);
        lease = again;
    }
}

/// A commit is a renewal: a claim that names the version before it as expired is refused.
pub(super) async fn a_commit_proves_that_the_owner_lives(subject: Subject) {
    let before = subject.hold("owner").await;
    subject.commit(&before, after(1)).await;
    let claim = Claim { expired: Some(before.version), ..subject.claim("other") };
    assert_eq!(subject.ask(&claim).await, None);
    assert_eq!(subject.row().await.owner, Some(worker("owner")));
}

/// Positions, sequence numbers of 129 digits, and times to the millisecond come back as they were stored, whether as
/// an initial checkpoint or as a commit.
pub(super) async fn positions_and_times_come_back_as_they_were_stored(subject: Subject) {
    let times = [None, Some(time(0)), Some(time(1)), Some(time(999))];
    let stored: Vec<_> = ladder()
        .into_iter()
        .enumerate()
        .map(|(step, position)| checkpoint(position, times[step % times.len()]))
        .collect();
    for (step, stored) in stored.iter().enumerate() {
        // A shard that is finished before its first claim is nobody's to claim.
        if stored.position != Position::End {
            let shard = ShardId::new(format!("initial-{step:03}"));
            let claim = Claim { shard, initial: stored.clone(), ..subject.claim("owner") };
            let lease = subject.ask(&claim).await.expect("a shard without a row is granted");
            assert_eq!(lease.checkpoint, *stored, "the claim returns it");
        }
        let claim = Claim { shard: ShardId::new(format!("committed-{step:03}")), ..subject.claim("owner") };
        let lease = subject.ask(&claim).await.expect("a shard without a row is granted");
        // From the beginning to the beginning is a renewal, which keeps what was stored.
        if stored.position > Position::Beginning {
            let lease = subject.store.commit(&lease, stored).await.expect("a higher position is stored");
            assert_eq!(lease.checkpoint, *stored, "the commit returns it");
            let lease = subject.renew(&lease).await;
            assert_eq!(lease.checkpoint, *stored, "a renewal returns it");
        }
    }
    for row in subject.list().await {
        let (how, step) = row.shard.as_str().split_once('-').expect("the shards of this check");
        let expected = &stored[step.parse::<usize>().expect("the shards of this check are numbered")];
        if how == "initial" || expected.position > Position::Beginning {
            assert_eq!(row.checkpoint, *expected, "{} is listed as stored", row.shard);
        }
    }
}

/// Commits of many shards at once each reach their own row, and one that lost its lease fails alone.
pub(super) async fn concurrent_commits_of_many_shards_stay_apart(subject: Subject) {
    const SHARDS: u64 = 32;
    let shards = (0..SHARDS).map(|number| {
        let subject = subject.clone();
        tokio::spawn(async move {
            let shard = ShardId::new(format!("shardId-{number:012}"));
            let claim = Claim { shard: shard.clone(), ..subject.claim("owner") };
            let mut lease = subject.ask(&claim).await.expect("a shard without a row is granted");
            if number % 4 == 3 {
                let thief = Claim { expired: Some(lease.version), worker: worker("thief"), ..claim };
                subject.ask(&thief).await.expect("the version is unchanged");
            }
            for step in 1..=5 {
                let commit = subject.store.commit(&lease, &after(number * 100 + step).into()).await;
                if number % 4 == 3 {
                    assert_kind(commit, &[ErrorKind::LeaseLost], "a commit of the one that lost");
                } else {
                    lease = commit.expect("the loss of another lease does not touch this one");
                }
            }
        })
    });
    let shards: Vec<_> = shards.collect();
    for shard in join_all(shards).await {
        shard.expect("every shard has its own outcome");
    }
    let rows = subject.list().await;
    assert_eq!(rows.len() as u64, SHARDS);
    for (number, row) in (0..SHARDS).zip(rows) {
        let stolen = number % 4 == 3;
        let expected = if stolen { Position::Beginning } else { after(number * 100 + 5) };
        assert_eq!((row.checkpoint.position, row.token.0 > 1), (expected, stolen), "{}", row.shard);
    }
}
