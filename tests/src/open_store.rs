//! Checkpoint stores by a line of text, which another process can be given.

use std::sync::Arc;

use headwater::checkpoint::CheckpointStore;
use headwater::{Error, ErrorKind, Result};
use headwater_dynamodb::DynamoDbCheckpoints;
use headwater_redis::RedisCheckpoints;
use headwater_sqlite::SqliteCheckpoints;

use crate::dummy::dummy_config;

/// Opens `sqlite:PATH`, `redis://HOST:PORT`, where several hosts make a cluster, or `dynamodb:URL`.
///
/// # Errors
///
/// `Invalid` when it is none of these; what the store says that cannot be opened.
pub async fn open_store(store: &str) -> Result<Arc<dyn CheckpointStore>> {
    match store.split_once(':') {
        Some(("sqlite", path)) => Ok(Arc::new(SqliteCheckpoints::open(path).await?)),
        Some(("redis", _)) => Ok(Arc::new(RedisCheckpoints::open(store).await?)),
        Some(("dynamodb", url)) => {
            let store = DynamoDbCheckpoints::builder().sdk_config(dummy_config(url)).open();
            Ok(Arc::new(store.await?))
        }
        _ => Err(Error::new(ErrorKind::Invalid, format!("open the store {store}: there is no such kind"))),
    }
}
