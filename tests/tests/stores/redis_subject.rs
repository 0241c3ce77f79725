//! A lease in Redis, with short names for what tests do to it.

use headwater::checkpoint::{Application, CheckpointStore, Claim, Lease, LeaseRow, WorkerId};
use headwater::{Position, ShardId};
use headwater_redis::{RedisBuilder, RedisCheckpoints};
use headwater_tests::{StoreEndpoint, StoreServer};
use redis::{Cmd, FromRedisValue};

use crate::PATIENCE;

/// Opens a store that waits out whatever happens to its server.
pub(crate) async fn patient(server: &StoreEndpoint) -> RedisCheckpoints {
    let mut builder = patiently(server.url());
    if server.server() == StoreServer::RedisCluster {
        builder = builder.cluster();
    }
    builder.open().await.expect("the server is up")
}

/// Does the same for one that is reached by a URL of its own.
pub(crate) async fn patient_at(url: &str) -> RedisCheckpoints {
    patiently(url).open().await.expect("the server is up")
}

/// Begins such a store.
pub(crate) fn patiently(url: impl Into<String>) -> RedisBuilder {
    RedisCheckpoints::builder(url).timeout(PATIENCE)
}

/// Makes an application that no other test uses.
pub(crate) fn application(name: &str) -> Application {
    Application::new(name, WorkerId::unique().as_str())
}

pub(crate) fn shard(number: usize) -> ShardId {
    ShardId::new(format!("shardId-{number:012}"))
}

pub(crate) fn after(sequence: usize) -> Position {
    Position::After { sequence: sequence.to_string().as_str().into(), sub_sequence: None }
}

pub(crate) fn claim(application: &Application, number: usize, worker: &str) -> Claim {
    Claim {
        application: application.clone(),
        shard: shard(number),
        worker: WorkerId::new(worker),
        expired: None,
        initial: Position::Beginning.into(),
    }
}

/// Takes the lease of a shard that is free.
pub(crate) async fn hold(store: &RedisCheckpoints, application: &Application, number: usize) -> Lease {
    let granted = store.claim(&claim(application, number, "owner")).await;
    granted.expect("the server is up").expect("the shard is free")
}

/// Returns the only row.
pub(crate) async fn row(store: &RedisCheckpoints, application: &Application) -> LeaseRow {
    let mut rows = store.list(application).await.expect("the server is up");
    assert_eq!(rows.len(), 1);
    rows.remove(0)
}

/// Sends a command to one node, past the store.
pub(crate) async fn send<T: FromRedisValue>(url: &str, command: &Cmd) -> T {
    let client = redis::Client::open(url).expect("a URL");
    let mut connection = client.get_multiplexed_async_connection().await.expect("the server is up");
    command.query_async(&mut connection).await.expect("the server does it")
}
