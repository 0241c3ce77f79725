//! [GetRecords](https://docs.aws.amazon.com/kinesis/latest/APIReference/API_GetRecords.html).

use aws_sdk_kinesis::error::ProvideErrorMetadata;
use headwater::{Result, ShardId};

use crate::api::Api;
use crate::api::signed::signed;
use crate::error::{EXPIRED_ITERATOR, from_sdk};
use crate::wire::{Answer, Format, GetRecords, exchanging, refuses_cbor};

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
        let answer = loop {
            let call = || request.clone().send();
            let Some(format) = self.wire.format() else { break signed(call).await.map(Answer::from) };
            let exchange = GetRecords::new(format, expected);
            let answer = signed(|| exchanging(exchange.clone(), call())).await;
            match answer {
                Err(error) if format == Format::Cbor && refuses_cbor(&error) => self.wire.forget_cbor(),
                // Where the client goes through no exchange the SDK has read the answer.
                answer => break answer.map(|output| exchange.take().unwrap_or_else(|| output.into())),
            }
        };
        match answer {
            Ok(answer) => Ok(GetRecordsAnswer::Page(answer)),
            Err(error) if error.code() == Some(EXPIRED_ITERATOR) => Ok(GetRecordsAnswer::Expired),
            Err(error) => Err(from_sdk(self.context(&format!("get records from {shard} of")), &error)),
        }
    }
}
