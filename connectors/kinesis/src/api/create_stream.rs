//! [CreateStream](https://docs.aws.amazon.com/kinesis/latest/APIReference/API_CreateStream.html).

use headwater::{ErrorKind, Result};

use crate::api::{Api, persist};
use crate::error::from_sdk;

impl Api {
    /// Creates the stream with a number of shards, unless it exists.
    pub(crate) async fn create_stream(&self, shards: u32) -> Result<()> {
        let created = persist(|| async {
            let request = self.client.create_stream().stream_name(self.stream.name());
            let sent = request.shard_count(shards.cast_signed()).send().await;
            sent.map_err(|error| from_sdk(self.context("create stream"), &error))
        });
        match created.await {
            // Somebody was first, or an earlier try of ours was: that it exists is all that was asked for.
            Err(error) if error.kind() == ErrorKind::NotReady => Ok(()),
            answer => answer.map(drop),
        }
    }
}
