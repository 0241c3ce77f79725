//! [DescribeStreamSummary](https://docs.aws.amazon.com/kinesis/latest/APIReference/API_DescribeStreamSummary.html).

use std::time::Duration;

use aws_sdk_kinesis::types::{
    RecordDistributionStrategy, StreamDescriptionSummary, StreamMode, StreamStatus,
};
use headwater::{Error, ErrorKind, Result};
use tokio::time::Instant;

use crate::api::signed::signed;
use crate::api::{Api, persist};
use crate::error::from_sdk;
use crate::limits;

/// What a source or sink needs to know of its stream.
#[derive(Clone, Debug)]
pub(crate) struct StreamSummary {
    pub(crate) arn: String,
    /// The most bytes of one record, data and partition key together.
    pub(crate) max_record: usize,
    pub(crate) open_shards: u32,
    /// Whether Kinesis chooses the number of shards.
    pub(crate) on_demand: bool,
    /// Whether Kinesis chooses the shard of each record. It looks at no key then, and takes no KPL aggregates.
    pub(crate) auto_distribution: bool,
}

impl Api {
    /// Waits until the stream can be used, and describes it.
    pub(crate) async fn active_stream(&self, limit: Duration) -> Result<StreamSummary> {
        let begun = Instant::now();
        loop {
            let (status, summary) = self.describe_stream_summary().await?;
            match status {
                StreamStatus::Active | StreamStatus::Updating => return Ok(summary),
                StreamStatus::Creating if begun.elapsed() < limit => {
                    tokio::time::sleep(limits::DESCRIBE_PAUSE).await;
                }
                status => {
                    let context = self.context("connect to stream");
                    let cause = format!("it is {status}, and was not ACTIVE within {limit:?}");
                    return Err(Error::new(ErrorKind::NotReady, context).caused_by(cause));
                }
            }
        }
    }

    async fn describe_stream_summary(&self) -> Result<(StreamStatus, StreamSummary)> {
        let context = || self.context("describe stream");
        let output = persist(|| async {
            let request = self
                .client
                .describe_stream_summary()
                .set_stream_name(self.stream.request_name())
                .set_stream_arn(self.stream.request_arn());
            signed(|| request.clone().send()).await.map_err(|error| from_sdk(context(), &error))
        });
        let Some(summary) = output.await?.stream_description_summary else {
            return Err(
                Error::new(ErrorKind::Unavailable, context()).caused_by("the answer holds no description")
            );
        };
        let described = StreamSummary::from(&summary);
        Ok((summary.stream_status, described))
    }
}

impl From<&StreamDescriptionSummary> for StreamSummary {
    /// What a server leaves out, as older ones do, is as it was before it could be said.
    fn from(summary: &StreamDescriptionSummary) -> Self {
        let max_record = summary.max_record_size_in_kib.and_then(|kib| usize::try_from(kib).ok());
        let mode = summary.stream_mode_details.as_ref().map(|details| &details.stream_mode);
        Self {
            arn: summary.stream_arn.clone(),
            max_record: max_record.map_or(limits::DEFAULT_MAX_RECORD, |kib| kib << 10),
            open_shards: summary.open_shard_count.max(1).cast_unsigned(),
            on_demand: mode == Some(&StreamMode::OnDemand),
            auto_distribution: summary.record_distribution_strategy == Some(RecordDistributionStrategy::Auto),
        }
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_kinesis::types::StreamModeDetails;
    use headwater_local::LocalKinesis;

    use super::*;

    async fn summary(local: &LocalKinesis) -> StreamSummary {
        let api = Api {
            own_http: false,
            client: local.client(),
            stream: "orders".parse().unwrap(),
            place: "in process".into(),
            wire: crate::wire::Dialect::default(),
        };
        api.active_stream(Duration::ZERO).await.unwrap()
    }

    #[tokio::test]
    async fn a_summary_says_who_chooses_the_shards_of_records_and_how_many_there_are() {
        for (strategy, auto) in
            [(RecordDistributionStrategy::Auto, true), (RecordDistributionStrategy::UserPartitionKey, false)]
        {
            let local = LocalKinesis::new();
            let mode = StreamModeDetails::builder().stream_mode(StreamMode::OnDemand).build().unwrap();
            let create = local.client().create_stream().stream_name("orders").stream_mode_details(mode);
            create.record_distribution_strategy(strategy).send().await.unwrap();
            let summary = summary(&local).await;
            assert_eq!((summary.on_demand, summary.auto_distribution), (true, auto));
        }
        let local = LocalKinesis::builder().stream("orders", 1).build();
        let summary = summary(&local).await;
        assert_eq!((summary.on_demand, summary.auto_distribution), (false, false));
    }

    #[test]
    fn a_server_that_knows_no_modes_is_taken_for_a_provisioned_one() {
        let described = StreamDescriptionSummary::builder()
            .stream_name("orders")
            .stream_arn("arn")
            .stream_status(StreamStatus::Active)
            .retention_period_hours(24)
            .stream_creation_timestamp(aws_sdk_kinesis::primitives::DateTime::from_secs(0))
            .set_enhanced_monitoring(Some(Vec::new()))
            .open_shard_count(3)
            .build()
            .unwrap();
        let summary = StreamSummary::from(&described);
        assert_eq!((summary.open_shards, summary.max_record), (3, limits::DEFAULT_MAX_RECORD));
        assert_eq!((summary.on_demand, summary.auto_distribution), (false, false));
    }
}
