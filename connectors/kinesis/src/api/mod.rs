//! The calls of Kinesis that this crate makes, a thin file each: request in, answer or [`Error`](headwater::Error) out.

mod create_stream;
mod deregister_stream_consumer;
mod describe_stream_consumer;
mod describe_stream_summary;
mod get_records;
mod get_shard_iterator;
mod list_shards;
mod put_records;
mod register_stream_consumer;
mod signed;
mod starting_point;
mod subscribe_to_shard;

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_kinesis::Client;
use headwater::Result;

use crate::StreamRef;
use crate::wire::{Dialect, renew_connections};

pub(crate) use create_stream::NewStream;
pub(crate) use describe_stream_summary::StreamSummary;
pub(crate) use get_records::GetRecordsAnswer;
pub(crate) use list_shards::{ListedShard, hash_key_range};
pub use put_records::PutRecords;
pub(crate) use subscribe_to_shard::{Events, Lost};

/// How often a control-plane call is tried before its failure is the caller's.
const CONTROL_TRIES: u32 = 4;

/// One stream at one endpoint. Clones share everything.
#[derive(Clone)]
pub(crate) struct Api {
    pub(crate) client: Client,
    /// Whether its HTTP client was made by this crate, and another client may have one of its own.
    pub(crate) own_http: bool,
    pub(crate) stream: StreamRef,
    /// The endpoint or region, for errors.
    pub(crate) place: Arc<str>,
    /// How records are written and read.
    pub(crate) wire: Dialect,
}

impl Api {
    /// Makes another client, with connections of its own where those are not the user's to choose.
    pub(crate) fn another_client(&self) -> Client {
        let mut builder = self.client.config().to_builder();
        if self.own_http {
            renew_connections(&mut builder);
        }
        Client::from_conf(builder.build())
    }

    pub(crate) fn context(&self, operation: &str) -> String {
        format!("{operation} {} {}", self.stream, self.place)
    }
}

impl fmt::Debug for Api {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Api").field("stream", &self.stream).finish_non_exhaustive()
    }
}

/// Tries a control-plane call again while its error is one that may pass, with full jitter.
pub(crate) async fn persist<T, F>(mut call: impl FnMut() -> F) -> Result<T>
where
    F: Future<Output = Result<T>>,
{
    let mut backoff = Duration::from_millis(100);
    for _ in 1..CONTROL_TRIES {
        match call().await {
            Err(error) if error.is_retryable() => {
                tracing::debug!(%error, "control-plane call failed; trying again");
                tokio::time::sleep(backoff.mul_f64(fastrand::f64())).await;
                backoff *= 4;
            }
            answer => return answer,
        }
    }
    call().await
}
