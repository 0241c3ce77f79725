//! How a store is opened.

use std::sync::Arc;

use headwater::ErrorKind;
use headwater::checkpoint::{CheckpointStore, MemoryCheckpoints};
use headwater_dynamodb::DynamoDbCheckpoints;
use headwater_redis::RedisCheckpoints;
use headwater_sqlite::SqliteCheckpoints;

use crate::connection::Connection;
use crate::failure::{Failure, chain};
use crate::stores::{DynamoDbTable, RedisUrl, Store};

impl Store {
    /// Refuses a file that is not there, which to open would make: for who only wants to look.
    pub(crate) fn check_exists(&self) -> Result<(), Failure> {
        match self {
            Self::Sqlite(path) if !path.exists() => Err(Failure::failed(format!(
                "--checkpoints {self}: there is no such file; give the path that the workers have"
            ))),
            _ => Ok(()),
        }
    }

    /// Opens it. SQLite and Redis are there then; DynamoDB is first asked by the first verb.
    pub(crate) async fn open(&self, connection: &Connection) -> Result<Arc<dyn CheckpointStore>, Failure> {
        Ok(match self {
            Self::Memory => Arc::new(MemoryCheckpoints::new()),
            Self::Sqlite(path) => Arc::new(SqliteCheckpoints::open(path).await.map_err(refused)?),
            Self::Redis(url) => Arc::new(open_redis(url).await?),
            Self::DynamoDb(table) => Arc::new(open_dynamodb(table, connection).await?),
        })
    }
}

/// Opens Redis, for what only Redis has.
pub(crate) async fn open_redis(redis: &RedisUrl) -> Result<RedisCheckpoints, Failure> {
    let builder = RedisCheckpoints::builder(&redis.url);
    let builder = if redis.cluster { builder.cluster() } else { builder };
    builder.open().await.map_err(refused)
}

async fn open_dynamodb(
    table: &DynamoDbTable,
    connection: &Connection,
) -> Result<DynamoDbCheckpoints, Failure> {
    let named = |name| std::env::var(name).ok().filter(|url| !url.is_empty());
    let url = table
        .endpoint
        .clone()
        .or_else(|| named("AWS_ENDPOINT_URL_DYNAMODB"))
        .or_else(|| named("AWS_ENDPOINT_URL"));
    let config = connection.elsewhere(url).await;
    DynamoDbCheckpoints::builder().table(&table.table).sdk_config(config).open().await.map_err(refused)
}

/// What cannot be is the fault of who wrote it, everything else is not.
fn refused(error: headwater::Error) -> Failure {
    match error.kind() {
        ErrorKind::Invalid => Failure::usage(format!("--checkpoints: {}", chain(&error))),
        _ => Failure::from(error),
    }
}
