//! What GetRecords answers, and what an event of SubscribeToShard says.

use aws_sdk_kinesis::operation::get_records::GetRecordsOutput;
use aws_sdk_kinesis::types::{self, SubscribeToShardEvent};
use headwater::SequenceNumber;
use headwater::source::{Chunk, Record};

use super::{Child, record};

/// What GetRecords answers, and what an event of SubscribeToShard says, which is the same but for where to go on.
#[derive(Debug, Default)]
pub(crate) struct Answer {
    /// The records, none of them taken apart.
    pub(crate) records: Vec<Record>,
    /// The memory of their payloads; none where each has its own.
    pub(crate) chunks: Vec<Chunk>,
    /// The bytes of their payloads.
    pub(crate) payloads: usize,
    pub(crate) millis_behind_latest: Option<i64>,
    /// The iterator to go on with. None at the end of a closed shard.
    pub(crate) iterator: Option<String>,
    /// Where another subscription is to go on.
    pub(crate) continuation: Option<SequenceNumber>,
    /// The children of a shard that ends.
    pub(crate) children: Vec<Child>,
}

impl Answer {
    /// Makes an answer of records, each of which has its payload for itself.
    pub(crate) fn of(records: Vec<Record>) -> Self {
        let payloads = records.iter().map(|record| record.payload.len()).sum();
        Self { records, payloads, ..Self::default() }
    }

    fn from_sdk(records: Vec<types::Record>, children: Option<Vec<types::ChildShard>>) -> Self {
        let records = records.into_iter().map(record::from_sdk).collect();
        let children = children.into_iter().flatten().map(Child::from).collect();
        Self { children, ..Self::of(records) }
    }
}

impl From<GetRecordsOutput> for Answer {
    fn from(output: GetRecordsOutput) -> Self {
        Self {
            millis_behind_latest: output.millis_behind_latest,
            iterator: output.next_shard_iterator,
            ..Self::from_sdk(output.records, output.child_shards)
        }
    }
}

impl From<SubscribeToShardEvent> for Answer {
    fn from(event: SubscribeToShardEvent) -> Self {
        let continuation = event.continuation_sequence_number;
        Self {
            millis_behind_latest: Some(event.millis_behind_latest),
            continuation: (!continuation.is_empty()).then(|| continuation.into()),
            ..Self::from_sdk(event.records, event.child_shards)
        }
    }
}
