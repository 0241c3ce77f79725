//! A lease in Redis, with short names for what tests do to it.

use std::time::Duration;

use headwater::checkpoint::{Application, CheckpointStore, Claim, Lease, LeaseRow, WorkerId};
use headwater::{Position, ShardId};
use headwater_redis::RedisCheckpoints;
use headwater_tests::{StoreEndpoint, StoreServer};
use redis::{Cmd, FromRedisValue};

/// Longer than any restart takes, so that a busy machine fails no test.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

/// Opens a store that waits out whatever happens to its server.
pub(crate) async fn patient(server: &StoreEndpoint) -> RedisCheckpoints {
    let mut builder = RedisCheckpoints::builder(server.url()).timeout(PATIENCE);
    if server.server() == StoreServer::RedisCluster {
        builder = builder.cluster();
    }
    builder.open().await.expect("the server is up")
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
