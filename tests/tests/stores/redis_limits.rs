//! Limits that sinks share through Redis.

use futures::future::join_all;
use headwater::ShardId;
use headwater::batch::{Allowance, LaneLimit, SharedLimit as _};
use headwater::checkpoint::WorkerId;
use headwater_redis::RedisLimits;
use headwater_tests::{StoreServer, eventually};
use tokio::time::{Instant, timeout};

use crate::PATIENCE;
use crate::redis_subject::{patient, patient_at, send};

const LIMIT: LaneLimit = LaneLimit { records: 400, bytes: 100_000, ceiling: 1.0 };
const ALL: Allowance = Allowance { records: 1e9, bytes: 1e9 };

/// Makes the name of a stream that no other test uses.
fn stream() -> String {
    WorkerId::unique().as_str().to_owned()
}

fn shard() -> ShardId {
    ShardId::new("shardId-000000000000")
}

/// Handles with connections of their own take what they can, until that is more than a limit has saved to begin with, however
/// long a busy machine takes for it.
async fn together_they_keep_the_limit(server: StoreServer) {
    const HANDLES: usize = 4;
    let (stream, shard) = (&stream(), &shard());
    let mut handles = Vec::new();
    for _ in 0..HANDLES {
        handles.push(patient(server.shared()).await.limits());
    }
    let begin = Instant::now();
    let taken = join_all(handles.iter().map(|limits| async move {
        let (mut records, mut bytes) = (0.0, 0.0);
        while records < 100.0 || bytes < 25_000.0 {
            let granted = limits.take(stream, shard, LIMIT, ALL).await.unwrap();
            records += granted.records;
            bytes += granted.bytes;
        }
        (records, bytes)
    }));
    let taken = timeout(PATIENCE, taken).await.expect("a limit is used");
    let elapsed = begin.elapsed().as_secs_f64();
    let (records, bytes) = taken.iter().fold((0.0, 0.0), |sum, part| (sum.0 + part.0, sum.1 + part.1));
    // What was saved before, and what came since; by two clocks of one machine.
    let most = 0.25 + elapsed + 0.01;
    assert!(
        records <= 400.0 * most && bytes <= 100_000.0 * most,
        "{records} records, {bytes} bytes in {elapsed} s"
    );
}

#[tokio::test]
async fn handles_that_share_a_limit_do_not_exceed_it_together() {
    together_they_keep_the_limit(StoreServer::Redis).await;
}

#[tokio::test]
async fn handles_that_share_a_limit_on_a_cluster_do_not_exceed_it_together() {
    together_they_keep_the_limit(StoreServer::RedisCluster).await;
}

#[tokio::test]
async fn no_more_is_granted_than_is_wanted_and_the_rest_stays() {
    let limits = patient(StoreServer::Redis.shared()).await.limits();
    let (stream, shard) = (stream(), shard());
    let wanted = Allowance { records: 1.5, bytes: 250.0 };
    assert_eq!(limits.take(&stream, &shard, LIMIT, wanted).await.unwrap(), wanted);
    let rest = limits.take(&stream, &shard, LIMIT, ALL).await.unwrap();
    assert!(
        rest.records >= 98.5 && rest.records <= 100.0,
        "a quarter of a second's, less what was taken: {rest:?}"
    );
    assert!(rest.bytes >= 24_750.0 && rest.bytes <= 25_000.0, "{rest:?}");
    // Opened as they are by default, they may take a busy server for one that is away.
    let url = StoreServer::Redis.shared().url();
    let other = ShardId::new("shardId-000000000001");
    let other = eventually("another handle takes", async || {
        RedisLimits::open(&*url).await.ok()?.take(&stream, &other, LIMIT, ALL).await.ok()
    })
    .await;
    assert_eq!(other, Allowance { records: 100.0, bytes: 25_000.0 }, "another shard has a limit of its own");
}

#[tokio::test]
async fn a_limit_that_is_full_again_leaves_nothing_behind() {
    let url = StoreServer::Redis.shared().url();
    let limits = patient_at(&url).await.limits();
    let (stream, shard) = (stream(), shard());
    limits.take(&stream, &shard, LIMIT, ALL).await.unwrap();
    let key = format!("headwater:limit:{stream}:{shard}");
    eventually("its key expires", async || {
        let there: bool = send(&url, redis::cmd("EXISTS").arg(&key)).await;
        (!there).then_some(())
    })
    .await;
    let granted = limits.take(&stream, &shard, LIMIT, ALL).await.unwrap();
    assert_eq!(granted, Allowance { records: 100.0, bytes: 25_000.0 });
}
