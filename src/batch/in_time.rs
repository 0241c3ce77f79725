//! Silence is an error.

use std::future::Future;
use std::time::Duration;

use crate::{Error, ErrorKind, Result};

/// Waits for an answer, and takes silence for a `Timeout` error that says what was asked.
pub(super) async fn in_time<T>(
    limit: Duration,
    asked: impl FnOnce() -> String,
    answer: impl Future<Output = Result<T>>,
) -> Result<T> {
    tokio::time::timeout(limit, answer).await.unwrap_or_else(|_| {
        let asked = asked();
        Err(Error::new(ErrorKind::Timeout, format!("{asked}: no answer within {limit:?}")))
    })
}
