//! Every checkpoint store on its real server, held to one contract.

mod dynamodb;
mod dynamodb_kcl;
mod dynamodb_shared;
mod kcl_rs;
mod redis_errors;
mod redis_import;
mod redis_limits;
mod redis_name;
mod redis_outage;
mod redis_subject;
mod redis_tls;
mod redis_writes;

use std::path::PathBuf;
use std::sync::Once;
use std::time::Duration;

use headwater::checkpoint::{MemoryCheckpoints, conformance};
use headwater_sqlite::SqliteCheckpoints;
use headwater_tests::StoreServer;

/// How long a store waits that is not to give up: longer than any restart takes, so that a busy machine fails no test.
const PATIENCE: Duration = Duration::from_mins(1);

/// Holds a store to the contract, under a name of its own.
macro_rules! stores {
    ($($name:ident: $open:expr;)+) => {$(
        mod $name {
            use super::*;

            conformance::tests!($open);
        }
    )+};
}

stores! {
    memory: MemoryCheckpoints::new();
    sqlite: SqliteCheckpoints::builder(sqlite_file()).busy_timeout(PATIENCE).open().await.unwrap();
    dynamodb_local: dynamodb::open(StoreServer::DynamoDbLocal).await;
    dynoxide: dynamodb::open(StoreServer::Dynoxide).await;
    redis: redis_subject::patient(StoreServer::Redis.shared()).await;
    redis_cluster: redis_subject::patient(StoreServer::RedisCluster.shared()).await;
}

/// One file for all tests of this process, so that they contend for it.
fn sqlite_file() -> PathBuf {
    static FRESH: Once = Once::new();
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("stores");
    FRESH.call_once(|| {
        // What an earlier run left, if anything.
        let _absent = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).unwrap();
    });
    folder.join("checkpoints.db")
}
