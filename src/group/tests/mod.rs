//! What operators may rely on.

mod export;
mod import;
mod reset;

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use futures::TryStreamExt;

use crate::checkpoint::{Application, CheckpointStore, Claim, Lease, MemoryCheckpoints, WorkerId};
use crate::group::Group;
use crate::source::{SourceConfig, Start, Until};
use crate::{MemoryStream, Message, Position, ShardId};

fn application() -> Application {
    Application::new("billing", "orders")
}

fn group(store: &MemoryCheckpoints) -> Group {
    Group::new(Arc::new(store.clone()), application())
}

fn shard(n: usize) -> ShardId {
    ShardId::new(format!("shardId-{n:012}"))
}

fn after(sequence: u64) -> Position {
    Position::After { sequence: sequence.to_string().into(), sub_sequence: None }
}

fn time(millis: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_millis(1_753_000_000_000 + millis)
}

async fn hold(store: &MemoryCheckpoints, worker: &str, n: usize) -> Lease {
    let (worker, initial) = (WorkerId::new(worker), Position::Beginning.into());
    let claim = Claim { application: application(), shard: shard(n), worker, expired: None, initial };
    store.claim(&claim).await.unwrap().expect("the shard is free")
}

/// Stores positions of the first shards, and frees them.
async fn store_positions(store: &MemoryCheckpoints, positions: &[Position]) {
    for (n, position) in positions.iter().enumerate() {
        let lease = hold(store, "worker", n).await;
        let lease = store.commit(&lease, &position.clone().into()).await.unwrap();
        store.release(&lease, None).await.unwrap();
    }
}

async fn positions(store: &MemoryCheckpoints) -> Vec<Position> {
    let rows = store.list(&application()).await.unwrap();
    rows.into_iter().map(|row| row.checkpoint.position).collect()
}

/// Puts the numbers from one to before another.
fn put(stream: &MemoryStream, from: usize, to: usize) {
    for n in from..to {
        stream.put(format!("key-{n}"), n.to_string());
    }
}

fn config(store: &MemoryCheckpoints, start: Start) -> SourceConfig {
    SourceConfig {
        application: "billing".to_owned(),
        checkpoints: Arc::new(store.clone()),
        start,
        until: Until::Tip,
        ..SourceConfig::default()
    }
}

/// Reads to the tip, acks everything, and returns the numbers in the order of arrival, each with its shard.
async fn read_all(stream: &MemoryStream, store: &MemoryCheckpoints, start: Start) -> Vec<(ShardId, usize)> {
    let source = stream.source_with(config(store, start)).await.unwrap();
    let control = source.control();
    let numbers = source.map_ok(number).try_collect().await.unwrap();
    control.finished().await.unwrap();
    numbers
}

/// Acks a message and returns its number, with its shard.
fn number(message: Message<Bytes>) -> (ShardId, usize) {
    let number = std::str::from_utf8(message.payload()).unwrap().parse().unwrap();
    let shard = message.origin().unwrap().shard().clone();
    message.ack();
    (shard, number)
}
