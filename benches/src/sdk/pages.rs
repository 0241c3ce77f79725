//! The pages of one shard.

use std::time::Duration;

use aws_sdk_kinesis::Client;
use aws_sdk_kinesis::types::{Record, ShardIteratorType};
use tokio::time::sleep;

use crate::endpoint::Endpoint;
use crate::outcome::{Outcome, during};

/// The most records of one page.
const PAGE: i32 = 10_000;

/// The pause between two pages where shards have limits: five calls a second.
const PAUSE: Duration = Duration::from_millis(200);

/// Reads one shard from its oldest record to its tip.
pub(crate) struct Pages {
    client: Client,
    iterator: Option<String>,
    pause: Option<Duration>,
}

impl Pages {
    /// Opens each shard of a stream.
    pub(crate) async fn of_each_shard(endpoint: &Endpoint, stream: &str) -> Outcome<Vec<Self>> {
        let client = endpoint.client();
        let pause = (!endpoint.is_unlimited()).then_some(PAUSE);
        let listed = client.list_shards().stream_name(stream).send().await;
        let mut pages = Vec::new();
        for shard in listed.map_err(during(format!("list the shards of {stream}")))?.shards() {
            let request = client.get_shard_iterator().stream_name(stream).shard_id(shard.shard_id());
            let answer = request.shard_iterator_type(ShardIteratorType::TrimHorizon).send().await;
            let answer = answer.map_err(during(format!("get an iterator of {stream}")))?;
            pages.push(Self { client: client.clone(), iterator: answer.shard_iterator, pause });
        }
        Ok(pages)
    }

    /// Asks for the next page; `None` at the tip, which is where Headwater's `Until::Tip` ends too.
    pub(crate) async fn next(&mut self) -> Outcome<Option<Vec<Record>>> {
        let Some(iterator) = self.iterator.take() else { return Ok(None) };
        if let Some(pause) = self.pause {
            sleep(pause).await;
        }
        let page = self.client.get_records().shard_iterator(iterator).limit(PAGE).send().await;
        let page = page.map_err(during("get records"))?;
        self.iterator = page.next_shard_iterator;
        let at_tip = page.records.is_empty() && page.millis_behind_latest == Some(0);
        Ok((!at_tip).then_some(page.records))
    }
}
