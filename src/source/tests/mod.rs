//! The promises of a source, on the in-process stream and on stores and streams that go wrong.

mod acks;
mod bounds;
mod chunked;
mod combinators;
mod ending;
mod failures;
mod fleet;
mod gaps;
mod gauges;
mod generations;
mod handing;
mod hangs;
mod leases;
mod ledger;
mod meddling;
mod model;
mod odd;
mod only;
mod quiet;
mod reading;
mod seeking;
mod shares;
mod sick;
mod stalls;
mod starting;
mod storms;
mod workers;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::TryStreamExt;
use tokio::time::timeout;

use crate::checkpoint::{Application, CheckpointStore, Claim, LeaseRow, MemoryCheckpoints, WorkerId};
use crate::source::{ShardedSource, SourceConfig, Until};
use crate::{MemoryStream, Message, Position, ShardId};

/// Longer than anything that is going to happen, in paused time.
const LONG: Duration = Duration::from_secs(100);

/// A source that reads for ever.
fn config(store: &(impl CheckpointStore + Clone)) -> SourceConfig {
    SourceConfig { checkpoints: Arc::new(store.clone()), ..SourceConfig::default() }
}

/// A source that ends by itself.
fn until_tip(store: &(impl CheckpointStore + Clone)) -> SourceConfig {
    SourceConfig { until: Until::Tip, ..config(store) }
}

fn filled(shards: usize, records: usize) -> MemoryStream {
    let stream = MemoryStream::new("orders", shards);
    put(&stream, 0, records);
    stream
}

/// Puts the numbers from one to before another.
fn put(stream: &MemoryStream, from: usize, to: usize) {
    for n in from..to {
        stream.put(format!("key-{n}"), n.to_string());
    }
}

fn shard(n: usize) -> ShardId {
    ShardId::new(format!("shardId-{n:012}"))
}

fn number(message: &Message<Bytes>) -> usize {
    std::str::from_utf8(message.payload()).unwrap().parse().unwrap()
}

/// Returns the next message, which is there or on its way.
async fn next(source: &mut ShardedSource) -> Message<Bytes> {
    timeout(LONG, source.try_next()).await.expect("no stall").unwrap().expect("the stream goes on")
}

/// Reads to the tip, acks everything, and returns the numbers in the order of arrival.
async fn read_all(stream: &MemoryStream, config: SourceConfig) -> Vec<usize> {
    let source = stream.source_with(config).await.unwrap();
    let control = source.control();
    let numbers = source.map_ok(|message| (number(&message), message.ack()).0).try_collect().await.unwrap();
    control.finished().await.unwrap();
    numbers
}

/// Acks all that comes, which is no error.
async fn ack_all(source: ShardedSource) {
    source.map_ok(Message::ack).try_for_each(|()| async { Ok(()) }).await.unwrap();
}

fn application() -> Application {
    Application::new("headwater", "orders")
}

/// Another worker's claim of a shard that is free.
fn claim(worker: &str, shard: ShardId) -> Claim {
    let (worker, initial) = (WorkerId::new(worker), Position::Beginning.into());
    Claim { application: application(), shard, worker, expired: None, initial }
}

async fn rows(store: &MemoryCheckpoints) -> HashMap<ShardId, LeaseRow> {
    let rows = store.list(&application()).await.unwrap();
    rows.into_iter().map(|row| (row.shard.clone(), row)).collect()
}

async fn row(store: &MemoryCheckpoints, shard: ShardId) -> LeaseRow {
    rows(store).await.remove(&shard).expect("the shard has a row")
}

/// Returns where a shard is stored to have been read to.
async fn stored(store: &MemoryCheckpoints, shard: ShardId) -> Position {
    row(store, shard).await.checkpoint.position
}
