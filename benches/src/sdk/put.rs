//! Sending: requests of 500 records, four in flight.

use aws_sdk_kinesis::primitives::Blob;
use aws_sdk_kinesis::types::PutRecordsRequestEntry;
use futures::{StreamExt, TryStreamExt, stream};

use crate::endpoint::Endpoint;
use crate::format::Format;
use crate::load::Load;
use crate::outcome::Outcome;
use crate::sdk::requests::{RECORDS, send};

/// How many requests are in flight, which is Headwater's default.
const IN_FLIGHT: usize = 4;

/// Serializes and sends every message of a load.
pub(crate) async fn put(endpoint: &Endpoint, stream: &str, load: &Load, format: Format) -> Outcome {
    let client = &endpoint.client();
    let request = (endpoint.request_bytes / load.record_bytes()).clamp(1, RECORDS);
    let requests = (0..load.records).step_by(request).map(|first| async move {
        let entries = (first..load.records.min(first + request)).map(|n| {
            let entry = PutRecordsRequestEntry::builder().data(Blob::new(format.encode(load, n)?));
            Ok(entry.partition_key(load.key(n).partition_key()).build()?)
        });
        send(endpoint, client, stream, entries.collect::<Outcome<_>>()?).await
    });
    stream::iter(requests).buffer_unordered(IN_FLIGHT).try_collect().await
}
