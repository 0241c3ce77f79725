//! The stream that is looked at, and how it is asked.

use std::time::Duration;

use aws_sdk_kinesis::Client;
use aws_sdk_kinesis::config::Builder;
use aws_sdk_kinesis::primitives::DateTime;
use aws_sdk_kinesis::types::builders::PutRecordsRequestEntryBuilder;
use aws_sdk_kinesis::types::{Record, Shard, ShardIteratorType, StreamDescriptionSummary};
use headwater_kinesis::StreamRef;

use crate::commands::doctor::clock::Clock;
use crate::commands::doctor::refusal::{Refusal, Why};
use crate::connection::Connection;

/// The stream that is looked at, and how it is asked.
#[derive(Clone, Debug)]
pub(crate) struct Patient {
    pub(crate) client: Client,
    pub(crate) stream: StreamRef,
    pub(crate) clock: Clock,
}

/// A few records of a shard.
#[derive(Clone, Debug)]
pub(crate) struct Page {
    pub(crate) records: Vec<Record>,
    /// How far behind the tip of the shard they are.
    pub(crate) behind: Duration,
    /// What reads on; `None` at the end of the shard.
    pub(crate) next: Option<String>,
}

impl Patient {
    pub(crate) fn new(connection: &Connection, stream: StreamRef) -> Self {
        let clock = Clock::default();
        let config = Builder::from(connection.config()).interceptor(clock.clone());
        Self { client: Client::from_conf(config.build()), stream, clock }
    }

    /// Its name, where it was named so.
    fn name(&self) -> Option<String> {
        self.arn().is_none().then(|| self.stream.name().to_owned())
    }

    /// Its ARN, where it was named so.
    fn arn(&self) -> Option<String> {
        self.stream.arn().map(str::to_owned)
    }

    pub(crate) async fn describe(&self) -> Result<StreamDescriptionSummary, Refusal> {
        let call = self.client.describe_stream_summary();
        let answer = call.set_stream_name(self.name()).set_stream_arn(self.arn()).send().await?;
        answer.stream_description_summary.ok_or_else(|| Refusal::empty("DescribeStreamSummary"))
    }

    /// All of its shards, open or closed.
    pub(crate) async fn shards(&self) -> Result<Vec<Shard>, Refusal> {
        let mut shards = Vec::new();
        let mut page =
            self.client.list_shards().set_stream_name(self.name()).set_stream_arn(self.arn()).send().await?;
        loop {
            shards.append(page.shards.get_or_insert_default());
            // The token stands for the stream, which may not be named beside it.
            let Some(token) = page.next_token.take() else { return Ok(shards) };
            page = self.client.list_shards().next_token(token).set_stream_arn(self.arn()).send().await?;
        }
    }

    pub(crate) async fn iterator(
        &self,
        shard: &str,
        kind: ShardIteratorType,
        (sequence, time): (Option<String>, Option<DateTime>),
    ) -> Result<String, Refusal> {
        let call = self.client.get_shard_iterator().set_stream_name(self.name()).set_stream_arn(self.arn());
        let call = call.shard_id(shard).shard_iterator_type(kind);
        let answer = call.set_starting_sequence_number(sequence).set_timestamp(time).send().await?;
        answer.shard_iterator.ok_or_else(|| Refusal::empty("GetShardIterator"))
    }

    pub(crate) async fn records(&self, iterator: String, limit: i32) -> Result<Page, Refusal> {
        let call = self.client.get_records().shard_iterator(iterator).limit(limit);
        let answer = call.set_stream_arn(self.arn()).send().await?;
        let millis = answer.millis_behind_latest.unwrap_or(0);
        let behind = Duration::from_millis(millis.try_into().unwrap_or(0));
        Ok(Page { records: answer.records, behind, next: answer.next_shard_iterator })
    }

    /// Puts one record. Returns why it was not stored, where the request was taken and the record was not.
    pub(crate) async fn put(&self, entry: PutRecordsRequestEntryBuilder) -> Result<Option<String>, Refusal> {
        let entry = entry.build().map_err(|error| Refusal { why: Why::Other, told: error.to_string() })?;
        let call = self.client.put_records().set_stream_name(self.name()).set_stream_arn(self.arn());
        let answer = call.records(entry).send().await?;
        Ok(answer.records.first().and_then(|record| {
            let code = record.error_code()?;
            Some(format!("{code}: {}", record.error_message().unwrap_or("no message")))
        }))
    }
}

/// The region that an ARN names.
pub(crate) fn region_of(arn: &str) -> Option<&str> {
    arn.strip_prefix("arn:")?.split(':').nth(2).filter(|region| !region.is_empty())
}
