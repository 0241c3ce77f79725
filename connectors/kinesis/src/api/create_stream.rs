//! [CreateStream](https://docs.aws.amazon.com/kinesis/latest/APIReference/API_CreateStream.html).

use aws_sdk_kinesis::types::{StreamMode, StreamModeDetails};
use headwater::{ErrorKind, Result};

use crate::api::signed::signed;
use crate::api::{Api, persist};
use crate::error::from_sdk;

/// How a stream is created.
#[derive(Clone, Copy, Debug)]
pub(crate) enum NewStream {
    /// With a number of shards that stays.
    Provisioned { shards: u32 },
    /// With as many shards as Kinesis sees fit.
    OnDemand,
}

impl Api {
    /// Creates the stream, unless it exists.
    pub(crate) async fn create_stream(&self, new: NewStream) -> Result<()> {
        let created = persist(|| async {
            let request = self.client.create_stream().stream_name(self.stream.name());
            let request = match new {
                // Servers older than the modes know no other stream, and refuse the word.
                NewStream::Provisioned { shards } => request.shard_count(shards.cast_signed()),
                NewStream::OnDemand => request.set_stream_mode_details(on_demand()),
            };
            let sent = signed(|| request.clone().send()).await;
            sent.map_err(|error| from_sdk(self.context("create stream"), &error))
        });
        match created.await {
            // Somebody was first, or an earlier try of ours was: that it exists is all that was asked for.
            Err(error) if error.kind() == ErrorKind::NotReady => Ok(()),
            answer => answer.map(drop),
        }
    }
}

fn on_demand() -> Option<StreamModeDetails> {
    StreamModeDetails::builder().stream_mode(StreamMode::OnDemand).build().ok()
}

#[cfg(test)]
mod tests {
    use headwater_local::LocalKinesis;

    use crate::{KinesisSink, KinesisSource};

    async fn is_on_demand(local: &LocalKinesis) -> bool {
        let described = local.client().describe_stream_summary().stream_name("orders").send().await.unwrap();
        let mode = described.stream_description_summary.unwrap().stream_mode_details.unwrap();
        mode.stream_mode == super::StreamMode::OnDemand
    }

    #[tokio::test]
    async fn an_on_demand_stream_is_created_once_by_a_source_or_a_sink() {
        let local = LocalKinesis::new();
        let source = KinesisSource::builder("orders").client(local.client()).create_stream_on_demand();
        let sink = KinesisSink::builder("orders").client(local.client()).create_stream_on_demand();
        let (source, sink) = tokio::join!(source.connect(), sink.connect());
        assert!(source.is_ok() && sink.is_ok());
        assert!(is_on_demand(&local).await);
        assert_eq!(local.shards("orders").unwrap().len(), 4);
    }

    #[tokio::test]
    async fn a_stream_that_exists_is_taken_in_whichever_mode_it_is() {
        let local = LocalKinesis::builder().stream("orders", 2).build();
        let sink = KinesisSink::builder("orders").client(local.client()).create_stream_on_demand();
        let _sink = sink.connect().await.unwrap();
        assert!(!is_on_demand(&local).await);
    }

    #[tokio::test]
    async fn of_two_ways_to_create_a_stream_the_last_wins() {
        let local = LocalKinesis::new();
        let sink = KinesisSink::builder("orders").client(local.client());
        let _sink = sink.create_stream_on_demand().create_stream(2).connect().await.unwrap();
        assert!(!is_on_demand(&local).await);

        let local = LocalKinesis::new();
        let sink = KinesisSink::builder("orders").client(local.client());
        let _sink = sink.create_stream(0).create_stream_on_demand().connect().await.unwrap();
        assert!(is_on_demand(&local).await);
    }
}
