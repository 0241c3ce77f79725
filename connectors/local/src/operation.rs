//! The operations of the Kinesis API that this endpoint answers.

/// The service name and version in front of every operation of the `X-Amz-Target` header.
const TARGET_PREFIX: &str = "Kinesis_20131202.";

/// An operation that this endpoint answers.
///
/// ```
/// use headwater_local::Operation;
///
/// assert_eq!(Operation::PutRecords.name(), "PutRecords");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
#[repr(u8)]
pub enum Operation {
    /// Creates a stream.
    CreateStream,
    /// Deletes a stream and what it stores.
    DeleteStream,
    /// Takes a consumer back.
    DeregisterStreamConsumer,
    /// Describes a stream and a page of its shards.
    DescribeStream,
    /// Describes a consumer.
    DescribeStreamConsumer,
    /// Describes a stream without its shards.
    DescribeStreamSummary,
    /// Reads records of one shard.
    GetRecords,
    /// Gives a position to read from.
    GetShardIterator,
    /// Lists a stream's shards.
    ListShards,
    /// Lists a stream's consumers.
    ListStreamConsumers,
    /// Lists the account's streams.
    ListStreams,
    /// Joins two adjacent shards.
    MergeShards,
    /// Writes one record.
    PutRecord,
    /// Writes up to 500 records.
    PutRecords,
    /// Registers a consumer, which can then subscribe to shards.
    RegisterStreamConsumer,
    /// Splits one shard.
    SplitShard,
    /// Has the records of one shard pushed.
    SubscribeToShard,
    /// Changes the largest record that a stream takes.
    UpdateMaxRecordSize,
    /// Splits and merges until a stream has so many shards of equal width.
    UpdateShardCount,
    /// Changes who chooses the shard of a record: its producer or the stream.
    UpdateStreamRecordDistributionStrategy,
}

impl Operation {
    /// Every operation, in alphabetical order.
    pub const ALL: [Self; 20] = [
        Self::CreateStream,
        Self::DeleteStream,
        Self::DeregisterStreamConsumer,
        Self::DescribeStream,
        Self::DescribeStreamConsumer,
        Self::DescribeStreamSummary,
        Self::GetRecords,
        Self::GetShardIterator,
        Self::ListShards,
        Self::ListStreamConsumers,
        Self::ListStreams,
        Self::MergeShards,
        Self::PutRecord,
        Self::PutRecords,
        Self::RegisterStreamConsumer,
        Self::SplitShard,
        Self::SubscribeToShard,
        Self::UpdateMaxRecordSize,
        Self::UpdateShardCount,
        Self::UpdateStreamRecordDistributionStrategy,
    ];

    /// Returns the operation's name in the API.
    pub fn name(self) -> &'static str {
        match self {
            Self::CreateStream => "CreateStream",
            Self::DeleteStream => "DeleteStream",
            Self::DeregisterStreamConsumer => "DeregisterStreamConsumer",
            Self::DescribeStream => "DescribeStream",
            Self::DescribeStreamConsumer => "DescribeStreamConsumer",
            Self::DescribeStreamSummary => "DescribeStreamSummary",
            Self::GetRecords => "GetRecords",
            Self::GetShardIterator => "GetShardIterator",
            Self::ListShards => "ListShards",
            Self::ListStreamConsumers => "ListStreamConsumers",
            Self::ListStreams => "ListStreams",
            Self::MergeShards => "MergeShards",
            Self::PutRecord => "PutRecord",
            Self::PutRecords => "PutRecords",
            Self::RegisterStreamConsumer => "RegisterStreamConsumer",
            Self::SplitShard => "SplitShard",
            Self::SubscribeToShard => "SubscribeToShard",
            Self::UpdateMaxRecordSize => "UpdateMaxRecordSize",
            Self::UpdateShardCount => "UpdateShardCount",
            Self::UpdateStreamRecordDistributionStrategy => "UpdateStreamRecordDistributionStrategy",
        }
    }

    pub(crate) fn from_target(target: &str) -> Option<Self> {
        let name = target.strip_prefix(TARGET_PREFIX)?;
        Self::ALL.into_iter().find(|operation| operation.name() == name)
    }

    pub(crate) fn index(self) -> usize {
        self as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_in_the_order_of_its_indices() {
        for (index, operation) in Operation::ALL.into_iter().enumerate() {
            assert_eq!(operation.index(), index, "{operation:?}");
        }
    }

    #[test]
    fn targets_of_another_service_are_unknown() {
        assert_eq!(Operation::from_target("Kinesis_20131202.PutRecord"), Some(Operation::PutRecord));
        assert_eq!(Operation::from_target("Kinesis_20131202.Nonsense"), None);
        assert_eq!(Operation::from_target("DynamoDB_20120810.PutRecord"), None);
    }
}
