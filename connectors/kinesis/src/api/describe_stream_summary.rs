//! [DescribeStreamSummary](https://docs.aws.amazon.com/kinesis/latest/APIReference/API_DescribeStreamSummary.html).

use std::time::Duration;

use aws_sdk_kinesis::types::StreamStatus;
use headwater::{Error, ErrorKind, Result};
use tokio::time::Instant;

use crate::api::{Api, persist};
use crate::error::from_sdk;
use crate::limits;

/// What a source or sink needs to know of its stream.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StreamSummary {
    /// The most bytes of one record, data and partition key together.
    pub(crate) max_record: usize,
    pub(crate) open_shards: u32,
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
            self.client
                .describe_stream_summary()
                .set_stream_name(self.stream.request_name())
                .set_stream_arn(self.stream.request_arn())
                .send()
                .await
                .map_err(|error| from_sdk(context(), &error))
        });
        let Some(summary) = output.await?.stream_description_summary else {
            return Err(
                Error::new(ErrorKind::Unavailable, context()).caused_by("the answer holds no description")
            );
        };
        let max_record = summary.max_record_size_in_kib.and_then(|kib| usize::try_from(kib).ok());
        let described = StreamSummary {
            max_record: max_record.map_or(limits::DEFAULT_MAX_RECORD, |kib| kib << 10),
            open_shards: summary.open_shard_count.max(1).cast_unsigned(),
        };
        Ok((summary.stream_status, described))
    }
}
