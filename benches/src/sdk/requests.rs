//! Requests of records, as full as an endpoint takes them.

use std::mem::take;
use std::time::Duration;

use aws_sdk_kinesis::Client;
use aws_sdk_kinesis::primitives::Blob;
use aws_sdk_kinesis::types::PutRecordsRequestEntry;
use tokio::time::sleep;

use crate::endpoint::Endpoint;
use crate::outcome::{Outcome, during};

/// The most records of one request.
pub(super) const RECORDS: usize = 500;

/// How long a record waits that a shard did not take.
const PAUSE: Duration = Duration::from_millis(100);

/// One request after the other into a stream.
pub(crate) struct Requests<'a> {
    endpoint: &'a Endpoint,
    client: Client,
    stream: &'a str,
    entries: Vec<PutRecordsRequestEntry>,
    bytes: usize,
}

impl<'a> Requests<'a> {
    /// Describes requests into a stream.
    pub(crate) fn new(endpoint: &'a Endpoint, stream: &'a str) -> Self {
        Self { endpoint, client: endpoint.client(), stream, entries: Vec::new(), bytes: 0 }
    }

    /// Adds a record, and sends what has gathered where it is the last that fits.
    pub(crate) async fn put(&mut self, key: String, data: Vec<u8>) -> Outcome {
        let bytes = key.len() + data.len();
        if self.entries.len() == RECORDS || self.bytes + bytes > self.endpoint.request_bytes {
            self.send().await?;
        }
        self.bytes += bytes;
        self.entries
            .push(PutRecordsRequestEntry::builder().data(Blob::new(data)).partition_key(key).build()?);
        Ok(())
    }

    /// Sends what has gathered.
    pub(crate) async fn send(&mut self) -> Outcome {
        self.bytes = 0;
        match take(&mut self.entries) {
            entries if entries.is_empty() => Ok(()),
            entries => send(self.endpoint, &self.client, self.stream, entries).await,
        }
    }
}

/// Sends one request. What a shard did not take is sent again where shards have limits, and is an error where not.
pub(super) async fn send(
    endpoint: &Endpoint,
    client: &Client,
    stream: &str,
    mut entries: Vec<PutRecordsRequestEntry>,
) -> Outcome {
    loop {
        // The SDK keeps what it sends, so that only a copy can be sent again: a loop without limits needs none.
        let copies = if endpoint.is_unlimited() { Vec::new() } else { entries.clone() };
        let answer = client.put_records().stream_name(stream).set_records(Some(entries)).send().await;
        let answer = answer.map_err(during(format!("put records into {stream}")))?;
        let failed = answer.failed_record_count.unwrap_or(0);
        if failed == 0 {
            return Ok(());
        }
        let results = answer.records.iter().map(|result| result.error_code.as_deref());
        let code = results.clone().flatten().next().unwrap_or_default();
        if code != "ProvisionedThroughputExceededException" {
            return Err(format!("put records into {stream}: {failed} failed with {code}").into());
        }
        if endpoint.is_unlimited() {
            return Err(format!(
                "put records into {stream}: {failed} failed with {code}; keep to its limits"
            )
            .into());
        }
        entries = copies.into_iter().zip(results).filter_map(|(entry, code)| code.map(|_| entry)).collect();
        sleep(PAUSE).await;
    }
}
