//! [ListShards](https://docs.aws.amazon.com/kinesis/latest/APIReference/API_ListShards.html).

use aws_sdk_kinesis::types;
use headwater::source::Shard;
use headwater::{Result, ShardId};

use crate::api::Api;
use crate::error::from_sdk;

impl Api {
    /// Lists every shard of the stream, over all pages. MaxResults stays at its default: servers differ in it. The
    /// source's engine tries again what fails.
    pub(crate) async fn list_shards(&self) -> Result<Vec<Shard>> {
        let mut shards = Vec::new();
        let mut token: Option<String> = None;
        loop {
            let request = self.client.list_shards();
            // A token stands for the stream, and Kinesis refuses both together.
            let request = match token {
                Some(token) => request.next_token(token),
                None => request
                    .set_stream_name(self.stream.request_name())
                    .set_stream_arn(self.stream.request_arn()),
            };
            let page = request.send().await;
            let page = page.map_err(|error| from_sdk(self.context("list shards of"), &error))?;
            shards.extend(page.shards.unwrap_or_default().into_iter().map(describe));
            token = page.next_token;
            if token.is_none() {
                return Ok(shards);
            }
        }
    }
}

fn describe(shard: types::Shard) -> Shard {
    let parents = [shard.parent_shard_id, shard.adjacent_parent_shard_id];
    Shard {
        id: ShardId::new(shard.shard_id),
        parents: parents.into_iter().flatten().map(ShardId::new).collect(),
    }
}
