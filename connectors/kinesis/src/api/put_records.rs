//! [PutRecords](https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecords.html).

use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};

use aws_sdk_kinesis::Client;
use aws_sdk_kinesis::error::{BuildError, SdkError};
use aws_sdk_kinesis::operation::put_records::PutRecordsOutput;
use aws_sdk_kinesis::primitives::Blob;
use aws_sdk_kinesis::types::{PutRecordsRequestEntry, PutRecordsResultEntry};
use futures::future::BoxFuture;
use headwater::batch::{Batch, BatchResponse, Entry, Refused, Stored};
use headwater::{Error, ErrorKind, HashKey, Result, SequenceNumber, ShardId};
use tower::Service;

use crate::StreamRef;
use crate::api::signed::signed;
use crate::error::{from_sdk, kind_of_code};

/// The PutRecords call as a [`tower::Service`]: one request, one call, no retry, and no timeout but the client's.
/// Only a call that is refused because its credentials expired, or because a clock is off, is made again, up to twice
/// within about a second: it did nothing.
///
/// This is what the layers of a [`KinesisSink`](crate::KinesisSink) go around, and it serves alone as well. Payloads
/// are handed to the SDK without being copied.
///
/// # Errors
///
/// The call's own failure, by kind: see [`ErrorKind`]. What became of each entry of a call that succeeded is in the
/// [`BatchResponse`]; a code that is not known counts as `Unavailable`, and so is tried again.
///
/// # Cancel safety
///
/// A call that is dropped may have stored its entries.
///
/// # Example
///
/// ```
/// use headwater::batch::{Batch, Entry};
/// use headwater_kinesis::PutRecords;
/// use tower::{Service, ServiceExt};
/// # use headwater_local::LocalKinesis;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let local = LocalKinesis::builder().stream("orders", 1).build();
/// # let client = local.client();
/// let mut put_records = PutRecords::new(client, "orders".parse()?);
/// let batch = Batch::new(vec![Entry::new("payload", "customer-7")]);
/// let response = put_records.ready().await?.call(batch).await?;
/// assert!(response.outcomes()[0].is_ok());
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct PutRecords {
    client: Client,
    stream: Arc<StreamRef>,
}

impl PutRecords {
    /// Creates the service for a stream. The client should not retry by itself: that would hide from the layers above
    /// that an answer was lost.
    pub fn new(client: Client, stream: StreamRef) -> Self {
        Self { client, stream: Arc::new(stream) }
    }
}

impl Service<Batch> for PutRecords {
    type Response = BatchResponse;
    type Error = Error;
    type Future = BoxFuture<'static, Result<BatchResponse>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, batch: Batch) -> Self::Future {
        let stream = Arc::clone(&self.stream);
        let request = self
            .client
            .put_records()
            .set_stream_name(stream.request_name())
            .set_stream_arn(stream.request_arn());
        Box::pin(async move {
            let context = || format!("put {} records to {stream}", batch.records());
            let send = || async {
                let entries = batch.entries().iter().map(request_entry).collect::<Result<_, _>>();
                let entries = entries.map_err(SdkError::construction_failure)?;
                request.clone().set_records(Some(entries)).send().await
            };
            match signed(send).await {
                Ok(output) => Ok(response(output)),
                Err(error) => Err(from_sdk(context(), &error)),
            }
        })
    }
}

impl fmt::Debug for PutRecords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PutRecords").field("stream", &self.stream).finish_non_exhaustive()
    }
}

fn request_entry(entry: &Entry) -> Result<PutRecordsRequestEntry, BuildError> {
    PutRecordsRequestEntry::builder()
        // Shares the bytes where `Blob::new` would copy them.
        .data(Blob::from_maybe_shared(entry.data.clone()))
        .partition_key(entry.key.partition_key())
        .set_explicit_hash_key(entry.key.explicit_hash_key().as_ref().map(HashKey::to_string))
        .build()
}

fn response(output: PutRecordsOutput) -> BatchResponse {
    BatchResponse::new(output.records.into_iter().map(outcome).collect())
}

fn outcome(entry: PutRecordsResultEntry) -> Result<Stored, Refused> {
    match (entry.error_code, entry.shard_id, entry.sequence_number) {
        (None, Some(shard), Some(sequence)) => {
            Ok(Stored { shard: ShardId::new(shard), sequence: SequenceNumber::new(sequence) })
        }
        (code, ..) => {
            let code = code.unwrap_or_else(|| "no error code and no sequence number".to_owned());
            // Kinesis documents few codes and sends others: what is not known to be fatal may pass.
            let kind = kind_of_code(&code).unwrap_or(ErrorKind::Unavailable);
            Err(Refused { kind, message: entry.error_message.unwrap_or_default(), code })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(code: &str) -> Refused {
        outcome(PutRecordsResultEntry::builder().error_code(code).error_message("why").build()).unwrap_err()
    }

    #[test]
    fn only_codes_that_are_known_to_be_fatal_are_fatal() {
        for code in
            ["ProvisionedThroughputExceededException", "InternalFailure", "KMSThrottlingException", "New"]
        {
            assert!(refused(code).kind.is_retryable(), "{code}");
        }
        for code in ["KMSAccessDeniedException", "KMSDisabledException", "KMSNotFoundException"] {
            assert!(!refused(code).kind.is_retryable(), "{code}");
        }
    }

    #[test]
    fn an_entry_that_is_said_to_be_nowhere_is_not_stored() {
        let entry = PutRecordsResultEntry::builder().shard_id("shardId-000000000000").build();
        assert!(outcome(entry).unwrap_err().kind.is_retryable());
    }

    #[test]
    fn a_payload_is_handed_on_without_being_copied() {
        let entry = Entry::new(vec![7; 1000], "a");
        let sent = request_entry(&entry).unwrap();
        assert_eq!(sent.data.as_ref().as_ptr(), entry.data.as_ptr());
    }
}
