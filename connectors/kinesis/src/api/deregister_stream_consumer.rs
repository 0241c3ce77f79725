//! [DeregisterStreamConsumer](https://docs.aws.amazon.com/kinesis/latest/APIReference/API_DeregisterStreamConsumer.html).

use headwater::Result;

use crate::api::signed::signed;
use crate::api::{Api, persist};
use crate::error::from_sdk;

impl Api {
    /// Deregisters a consumer of the stream.
    pub(crate) async fn deregister_stream_consumer(&self, consumer_arn: &str) -> Result<()> {
        let request = self.client.deregister_stream_consumer().consumer_arn(consumer_arn);
        let deregistered = persist(|| async {
            let sent = signed(|| request.clone().send()).await;
            let context = || self.context(&format!("deregister consumer {consumer_arn} of"));
            sent.map_err(|error| from_sdk(context(), &error))
        });
        deregistered.await.map(drop)
    }
}
