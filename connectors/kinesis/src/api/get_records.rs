//! [GetRecords](https://docs.aws.amazon.com/kinesis/latest/APIReference/API_GetRecords.html).

use aws_sdk_kinesis::error::ProvideErrorMetadata;
use aws_sdk_kinesis::operation::get_records::GetRecordsOutput;
use headwater::{Result, ShardId};

use crate::api::Api;
use crate::api::signed::signed;
use crate::error::{EXPIRED_ITERATOR, from_sdk};

/// What GetRecords answered.
pub(crate) enum GetRecordsAnswer {
    /// A page.
    Page(GetRecordsOutput),
    /// The iterator is older than five minutes: another is needed.
    Expired,
}

impl Api {
    pub(crate) async fn get_records(
        &self,
        shard: &ShardId,
        iterator: &str,
        limit: u32,
    ) -> Result<GetRecordsAnswer> {
        let request = self.client.get_records().shard_iterator(iterator).limit(limit.cast_signed());
        // The iterator names stream and shard; the ARN lets AWS check the right account's policy.
        let request = request.set_stream_arn(self.stream.request_arn());
        match signed(|| request.clone().send()).await {
            Ok(page) => Ok(GetRecordsAnswer::Page(page)),
            Err(error) if error.code() == Some(EXPIRED_ITERATOR) => Ok(GetRecordsAnswer::Expired),
            Err(error) => Err(from_sdk(self.context(&format!("get records from {shard} of")), &error)),
        }
    }
}
