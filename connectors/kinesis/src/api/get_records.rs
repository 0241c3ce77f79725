//! [GetRecords](https://docs.aws.amazon.com/kinesis/latest/APIReference/API_GetRecords.html).

use aws_sdk_kinesis::error::ProvideErrorMetadata;
use headwater::{Result, ShardId};

use crate::api::Api;
use crate::api::signed::signed;
use crate::error::{EXPIRED_ITERATOR, from_sdk};
use crate::wire::{Answer, GetRecords, exchanging};

/// What GetRecords answered.
pub(crate) enum GetRecordsAnswer {
    /// A page.
    Page(Answer),
    /// The iterator is older than five minutes: another is needed.
    Expired,
}

impl Api {
    /// Makes one call, whose answer has about as many records as are `expected`.
    pub(crate) async fn get_records(
        &self,
        shard: &ShardId,
        iterator: &str,
        limit: u32,
        expected: usize,
    ) -> Result<GetRecordsAnswer> {
        let request = self.client.get_records().shard_iterator(iterator).limit(limit.cast_signed());
        // The iterator names stream and shard; the ARN lets AWS check the right account's policy.
        let request = request.set_stream_arn(self.stream.request_arn());
        let call = || request.clone().send();
        let get = |format| async move {
            let Some(format) = format else { return signed(call).await.map(Answer::from) };
            let exchange = GetRecords::new(format, expected);
            let output = signed(|| exchanging(exchange.clone(), call())).await?;
            // Where the client goes through no exchange the SDK has read the answer.
            Ok(exchange.take().unwrap_or_else(|| output.into()))
        };
        match self.wire.speak(get).await {
            Ok(answer) => Ok(GetRecordsAnswer::Page(answer)),
            Err(error) if error.code() == Some(EXPIRED_ITERATOR) => Ok(GetRecordsAnswer::Expired),
            Err(error) => Err(from_sdk(self.context(&format!("get records from {shard} of")), &error)),
        }
    }
}
