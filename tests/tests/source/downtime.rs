//! Groups that were away for long.

use std::time::Duration;

use headwater::checkpoint::{Application, CheckpointStore, MemoryCheckpoints};
use headwater_local::LocalKinesis;
use headwater_sqlite::SqliteCheckpoints;

use crate::collect::{numbers, read_some};
use crate::numbered::{filled, orders, put};

const WEEK: Duration = Duration::from_hours(7 * 24);

async fn a_week_passes() {
    tokio::time::pause();
    tokio::time::advance(WEEK).await;
    tokio::time::resume();
}

/// Reads a part, is away for a week in which more is written and the shards change, and reads the rest.
async fn resumes_where_it_was<S: CheckpointStore>(store: impl AsyncFn() -> S) {
    let local = filled(LocalKinesis::builder().retention(WEEK * 2), 3, 200);
    let first = orders(&local).unpaced().checkpoints(store().await).connect().await.unwrap();
    let mut seen = read_some(first, 120).await.unwrap();

    put(&local, 200..250);
    a_week_passes().await;
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

#[tokio::test]
async fn a_group_that_was_down_for_longer_than_records_are_kept_is_told_of_each_gap_and_reads_what_is_left() {
    let local = filled(LocalKinesis::builder().retention(WEEK / 7), 3, 90);
    let store = MemoryCheckpoints::new();
    let first = orders(&local).unpaced().checkpoints(store.clone()).connect().await.unwrap();
    read_some(first, 90).await.unwrap();
    let rows = store.list(&Application::new("headwater", "orders")).await.unwrap();
    let reached: Vec<_> = rows.into_iter().map(|row| (row.shard, row.checkpoint.position)).collect();
    assert_eq!(reached.len(), 3);

    put(&local, 90..120);
    a_week_passes().await;
    put(&local, 120..150);
    let second = orders(&local).unpaced().checkpoints(store.clone()).connect().await.unwrap();
    let control = second.control();
    let seen = read_some(second, 30).await.unwrap();
    assert_eq!(numbers(&seen), (120..150).collect::<Vec<_>>());

    let mut gaps: Vec<_> = control.gaps().into_iter().map(|gap| (gap.shard, gap.after.position)).collect();
    gaps.sort_unstable();
    assert_eq!(gaps, reached, "one in each shard, from where the group had stopped");
}
