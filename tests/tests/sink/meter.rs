//! What each shard took, second by second of the virtual clock.

use std::time::Duration;

use headwater_local::LocalKinesis;
use tokio::time::interval;

/// What happened in one second.
#[derive(Clone, Debug)]
pub(crate) struct Second {
    /// What each shard took, in the order of their ids
    pub(crate) shards: Vec<Taken>,
    /// How many entries were refused, over all shards
    pub(crate) refused: u64,
}

/// What one shard took.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Taken {
    /// Records, each an aggregate or a message
    pub(crate) records: u64,
    /// Bytes as the limits count them: data and partition key
    pub(crate) bytes: u64,
}

/// Measures a stream for so many seconds from now. What was measured is trimmed, so that memory stays flat.
pub(crate) async fn measure(local: &LocalKinesis, stream: &str, seconds: usize) -> Vec<Second> {
    let mut ticks = interval(Duration::from_secs(1));
    ticks.tick().await;
    let mut measured = Vec::new();
    let mut refused = local.counters().entries_failed();
    for _ in 0..seconds {
        ticks.tick().await;
        let shards = local.shards(stream).expect("the stream exists");
        let shards = shards.iter().map(|shard| taken(local, stream, &shard.shard_id)).collect();
        local.trim_all(stream).expect("the stream exists");
        let now = local.counters().entries_failed();
        measured.push(Second { shards, refused: now - refused });
        refused = now;
    }
    measured
}

fn taken(local: &LocalKinesis, stream: &str, shard: &str) -> Taken {
    let records = local.shard_records(stream, shard).expect("the shard exists");
    let bytes = records.iter().map(|record| (record.data.len() + record.partition_key.len()) as u64).sum();
    Taken { records: records.len() as u64, bytes }
}
