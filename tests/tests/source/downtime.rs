//! Groups that were away for long.

use std::time::Duration;

use headwater::checkpoint::{CheckpointStore, MemoryCheckpoints};
use headwater_local::LocalKinesis;
use headwater_sqlite::SqliteCheckpoints;

use crate::collect::{numbers, read_some};
use crate::numbered::{filled, orders, put};

const WEEK: Duration = Duration::from_hours(7 * 24);

/// Reads a part, is away for a week in which more is written and the shards change, and reads the rest.
async fn resumes_where_it_was<S: CheckpointStore>(store: impl AsyncFn() -> S) {
    let local = filled(LocalKinesis::builder().retention(WEEK * 2), 3, 200);
    let first = orders(&local).unpaced().checkpoints(store().await).connect().await.unwrap();
    let mut seen = read_some(first, 120).await.unwrap();

    put(&local, 200..250);
    tokio::time::pause();
    tokio::time::advance(WEEK).await;
    tokio::time::resume();
    local.split_shard("orders", "shardId-000000000001").unwrap();
    put(&local, 250..300);

    let second = orders(&local).unpaced().checkpoints(store().await).connect().await.unwrap();
    seen.extend(read_some(second, 180).await.unwrap());
    assert_eq!(numbers(&seen), (0..300).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_group_that_was_down_for_a_week_resumes_where_it_was() {
    let memory = MemoryCheckpoints::new();
    resumes_where_it_was(async || memory.clone()).await;

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("checkpoints.sqlite");
    resumes_where_it_was(async || SqliteCheckpoints::open(&file).await.unwrap()).await;
}
