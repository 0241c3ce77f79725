//! A subscription as the rows use it.

use std::time::Duration;

use aws_sdk_kinesis::error::SdkError;
use aws_sdk_kinesis::operation::subscribe_to_shard::{SubscribeToShardError, SubscribeToShardOutput};
use aws_sdk_kinesis::primitives::DateTime;
use aws_sdk_kinesis::types::error::SubscribeToShardEventStreamError;
use aws_sdk_kinesis::types::{
    ChildShard, Record, ShardIteratorType, StartingPosition, SubscribeToShardEvent,
    SubscribeToShardEventStream,
};
use aws_smithy_types::event_stream::RawMessage;
use headwater_tests::{TestStream, eventually, explain};
use tokio::time::Instant;

use crate::iterators::SHARD;

/// Where something must come, so many events may bring nothing. They come every few seconds.
const EMPTY_EVENTS: usize = 3;

/// For so long any number of events may bring nothing: they may have been waiting since before it was there.
const EMPTY_TIME: Duration = Duration::from_secs(5);

/// What ends a subscription.
pub(crate) type ReceiveError = SdkError<SubscribeToShardEventStreamError, RawMessage>;

/// The events of a subscription to the first shard of a stream.
pub(crate) struct Subscription {
    output: SubscribeToShardOutput,
    /// An event that was waited for and not handed out
    waiting: Option<SubscribeToShardEvent>,
}

impl Subscription {
    /// Subscribes, or says why that was refused.
    pub(crate) async fn try_open(
        stream: &TestStream,
        consumer: &str,
        from: StartingPosition,
    ) -> Result<Self, SdkError<SubscribeToShardError>> {
        let subscribe = stream.client().subscribe_to_shard().consumer_arn(consumer).shard_id(SHARD);
        let output = subscribe.starting_position(from).send().await?;
        Ok(Self { output, waiting: None })
    }

    /// Subscribes.
    pub(crate) async fn open(stream: &TestStream, consumer: &str, from: StartingPosition) -> Self {
        let opened = Self::try_open(stream, consumer, from).await;
        opened.unwrap_or_else(|error| panic!("subscribe: {}", explain(&error)))
    }

    /// Subscribes as soon as the server allows it: for some seconds after a subscription it refuses another, even where
    /// the first has ended. It may refuse with the first event as well.
    pub(crate) async fn reopen(stream: &TestStream, consumer: &str, from: StartingPosition) -> Self {
        eventually("another subscription is allowed", async || {
            let mut opened = match Self::try_open(stream, consumer, from.clone()).await {
                Ok(opened) => opened,
                Err(SdkError::ServiceError(error)) if error.err().is_resource_in_use_exception() => {
                    return None;
                }
                Err(error) => panic!("subscribe again: {}", explain(&error)),
            };
            match opened.try_next().await {
                Ok(event) => opened.waiting = event,
                Err(error) if is_in_use(&error) => return None,
                Err(error) => panic!("receive: {}", explain(&error)),
            }
            Some(opened)
        })
        .await
    }

    /// The next event, or `None` at the end.
    pub(crate) async fn next(&mut self) -> Option<SubscribeToShardEvent> {
        let event = self.try_next().await;
        event.unwrap_or_else(|error| panic!("receive: {}", explain(&error)))
    }

    /// The next event, `None` at the end, or what ended it.
    pub(crate) async fn try_next(&mut self) -> Result<Option<SubscribeToShardEvent>, ReceiveError> {
        if let Some(event) = self.waiting.take() {
            return Ok(Some(event));
        }
        match self.output.event_stream.recv().await? {
            None => Ok(None),
            Some(SubscribeToShardEventStream::SubscribeToShardEvent(event)) => Ok(Some(event)),
            Some(other) => panic!("an event of another kind: {other:?}"),
        }
    }

    /// The next event that brings something: records or children.
    async fn next_with_news(&mut self, what: &str) -> SubscribeToShardEvent {
        let (began, mut events) = (Instant::now(), 0);
        while events < EMPTY_EVENTS || began.elapsed() < EMPTY_TIME {
            let event = self.next().await.unwrap_or_else(|| panic!("the end came before {what}"));
            if !event.records().is_empty() || !event.child_shards().is_empty() {
                return event;
            }
            events += 1;
        }
        panic!("waited {events} events in vain for {what}")
    }

    /// As many records as are asked for, and where to go on after them.
    pub(crate) async fn read(&mut self, count: usize) -> (Vec<Record>, String) {
        let mut records = Vec::new();
        loop {
            let event = self.next_with_news("records").await;
            records.extend(event.records);
            assert!(records.len() <= count, "{} records where {count} were put", records.len());
            if records.len() == count {
                return (records, event.continuation_sequence_number);
            }
        }
    }

    /// What is left of a closed shard, and its children.
    pub(crate) async fn read_to_end(&mut self) -> (Vec<Record>, Vec<ChildShard>) {
        let mut records = Vec::new();
        loop {
            let event = self.next_with_news("the children").await;
            records.extend(event.records);
            if let Some(children) = event.child_shards.filter(|children| !children.is_empty()) {
                assert!(self.next().await.is_none(), "an event follows the children");
                return (records, children);
            }
        }
    }

    /// The texts of the next records.
    pub(crate) async fn texts(&mut self, count: usize) -> Vec<String> {
        let text = |record: &Record| String::from_utf8_lossy(record.data.as_ref()).into_owned();
        self.read(count).await.0.iter().map(text).collect()
    }
}

/// Whether a subscription ended because of another one.
pub(crate) fn is_in_use(error: &ReceiveError) -> bool {
    error.as_service_error().is_some_and(SubscribeToShardEventStreamError::is_resource_in_use_exception)
}

/// A position that needs nothing else.
pub(crate) fn at(kind: ShardIteratorType) -> StartingPosition {
    StartingPosition::builder().r#type(kind).build().expect("a position")
}

/// The position at a sequence number, or after it.
pub(crate) fn by_sequence(kind: ShardIteratorType, sequence: &str) -> StartingPosition {
    StartingPosition::builder().r#type(kind).sequence_number(sequence).build().expect("a position")
}

/// The position of the first record that arrived no earlier.
pub(crate) fn by_time(time: DateTime) -> StartingPosition {
    let position = StartingPosition::builder().r#type(ShardIteratorType::AtTimestamp);
    position.timestamp(time).build().expect("a position")
}
