//! [DescribeStreamConsumer](https://docs.aws.amazon.com/kinesis/latest/APIReference/API_DescribeStreamConsumer.html).

use aws_sdk_kinesis::types::ConsumerDescription;
use headwater::{Error, ErrorKind, Result};

use crate::api::Api;
use crate::api::signed::signed;
use crate::error::from_sdk;

impl Api {
    /// Describes a consumer of the stream. `NotFound` where there is none, or no stream.
    pub(crate) async fn describe_stream_consumer(
        &self,
        stream_arn: &str,
        name: &str,
    ) -> Result<ConsumerDescription> {
        let context = || self.context(&format!("describe consumer \"{name}\" of"));
        let request = self.client.describe_stream_consumer().stream_arn(stream_arn).consumer_name(name);
        let sent = signed(|| request.clone().send()).await;
        let described = sent.map_err(|error| from_sdk(context(), &error))?.consumer_description;
        described.ok_or_else(|| {
            Error::new(ErrorKind::Unavailable, context()).caused_by("the answer holds no description")
        })
    }
}
