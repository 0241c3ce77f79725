//! [RegisterStreamConsumer](https://docs.aws.amazon.com/kinesis/latest/APIReference/API_RegisterStreamConsumer.html).

use aws_sdk_kinesis::types::Consumer;
use headwater::{Error, ErrorKind, Result};

use crate::api::Api;
use crate::api::signed::signed;
use crate::error::from_sdk;

impl Api {
    /// Registers a consumer of the stream. `NotReady` where one of that name exists, and `Throttled` where the stream
    /// has as many as it may.
    pub(crate) async fn register_stream_consumer(&self, stream_arn: &str, name: &str) -> Result<Consumer> {
        let context = || self.context(&format!("register consumer \"{name}\" of"));
        let request = self.client.register_stream_consumer().stream_arn(stream_arn).consumer_name(name);
        let sent = signed(|| request.clone().send()).await;
        let registered = sent.map_err(|error| from_sdk(context(), &error))?.consumer;
        registered.ok_or_else(|| {
            Error::new(ErrorKind::Unavailable, context()).caused_by("the answer holds no consumer")
        })
    }
}
