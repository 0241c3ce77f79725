//! The calls of DynamoDB that this crate makes, a thin file each: request in, answer or [`Error`] out.

mod create_table;
mod delete_item;
mod describe_table;
mod get_item;
mod query;
mod scan;
mod transact_write_items;
mod update_item;

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use headwater::{Error, ErrorKind, Result};
use tokio::time::{sleep, timeout};

pub(crate) use create_table::Schema;

/// How often a call that is throttled is made before that is the caller's affair.
const TRIES: u32 = 6;
/// The longest pause before the second try. Each further one doubles.
const FIRST_BACKOFF: Duration = Duration::from_millis(50);

/// One account and region of DynamoDB. Clones share everything.
#[derive(Clone)]
pub(crate) struct Api {
    pub(crate) client: Client,
    /// The endpoint or region, for errors.
    pub(crate) place: Arc<str>,
    pub(crate) operation_timeout: Duration,
    pub(crate) active_timeout: Duration,
}

impl Api {
    fn context(&self, operation: &str, table: &str) -> String {
        format!("{operation} table \"{table}\" {}", self.place)
    }

    /// Makes a call again while it is throttled, with full jitter.
    async fn persist<T, F>(&self, call: impl Fn() -> F) -> Result<T>
    where
        F: Future<Output = Result<T>>,
    {
        let persisted = async {
            let mut backoff = FIRST_BACKOFF;
            for _ in 1..TRIES {
                match call().await {
                    Err(error) if error.kind() == ErrorKind::Throttled => {
                        tracing::debug!(%error, "throttled; trying again");
                        sleep(backoff.mul_f64(fastrand::f64())).await;
                        backoff *= 2;
                    }
                    answer => return answer,
                }
            }
            call().await
        };
        timeout(self.operation_timeout, persisted).await.unwrap_or_else(|_| {
            let context = format!("call DynamoDB {}: no answer in {:?}", self.place, self.operation_timeout);
            Err(Error::new(ErrorKind::Timeout, context))
        })
    }
}

impl fmt::Debug for Api {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Api").field("place", &self.place).finish_non_exhaustive()
    }
}
