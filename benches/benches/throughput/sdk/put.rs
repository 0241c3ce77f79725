//! Sending: requests of 500 records, four in flight.

use aws_sdk_kinesis::Client;
use aws_sdk_kinesis::primitives::Blob;
use aws_sdk_kinesis::types::PutRecordsRequestEntry;
use futures::{StreamExt, TryStreamExt, stream};

use crate::Outcome;
use crate::format::Format;
use crate::load::Load;

/// The most records of one request.
pub(super) const REQUEST: usize = 500;

/// How many requests are in flight, which is Headwater's default.
const IN_FLIGHT: usize = 4;

/// Serializes and sends every message of a load.
pub(crate) async fn put(client: &Client, stream: &str, load: &Load, format: Format) -> Outcome {
    let requests = (0..load.records).step_by(REQUEST).map(|first| async move {
        let entries = (first..load.records.min(first + REQUEST)).map(|n| {
            let entry = PutRecordsRequestEntry::builder().data(Blob::new(format.encode(load, n)?));
            Ok(entry.partition_key(load.key(n).partition_key()).build()?)
        });
        send(client, stream, entries.collect::<Outcome<_>>()?).await
    });
    stream::iter(requests).buffer_unordered(IN_FLIGHT).try_collect().await
}

/// Sends one request.
pub(super) async fn send(client: &Client, stream: &str, entries: Vec<PutRecordsRequestEntry>) -> Outcome {
    let answer = client.put_records().stream_name(stream).set_records(Some(entries)).send().await?;
    match answer.failed_record_count {
        None | Some(0) => Ok(()),
        Some(failed) => Err(format!("{failed} records failed").into()),
    }
}
