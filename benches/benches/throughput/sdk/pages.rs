//! The pages of one shard.

use aws_sdk_kinesis::Client;
use aws_sdk_kinesis::types::{Record, ShardIteratorType};

use crate::Outcome;

/// The most records of one page.
const PAGE: i32 = 10_000;

/// Reads one shard from its oldest record to its tip.
pub(super) struct Pages {
    client: Client,
    iterator: Option<String>,
}

impl Pages {
    /// Opens each shard of a stream.
    pub(super) async fn of_each_shard(client: &Client, stream: &str) -> Outcome<Vec<Self>> {
        let mut pages = Vec::new();
        for shard in client.list_shards().stream_name(stream).send().await?.shards() {
            let request = client.get_shard_iterator().stream_name(stream).shard_id(shard.shard_id());
            let answer = request.shard_iterator_type(ShardIteratorType::TrimHorizon).send().await?;
            pages.push(Self { client: client.clone(), iterator: answer.shard_iterator });
        }
        Ok(pages)
    }

    /// Asks for the next page; `None` at the tip, which is where Headwater's `Until::Tip` ends too.
    pub(super) async fn next(&mut self) -> Outcome<Option<Vec<Record>>> {
        let Some(iterator) = self.iterator.take() else { return Ok(None) };
        let page = self.client.get_records().shard_iterator(iterator).limit(PAGE).send().await?;
        self.iterator = page.next_shard_iterator;
        let at_tip = page.records.is_empty() && page.millis_behind_latest == Some(0);
        Ok((!at_tip).then_some(page.records))
    }
}
