//! Enhanced fan-out: registered consumers and their subscriptions.

use aws_sdk_kinesis::types::{
    ConsumerStatus, ShardIteratorType, StartingPosition, SubscribeToShardEvent, SubscribeToShardEventStream,
};
use headwater_tests::{Endpoint, TestStream, eventually, explain};

use crate::answer::assert_refused;
use crate::iterators::SHARD;
use crate::reshard::split;

pub(crate) async fn a_consumer_is_creating_before_it_is_active(endpoint: &'static Endpoint) {
    let stream = endpoint.create_stream("register", 1).await;
    let arn = arn(&stream).await;
    let registered =
        stream.client().register_stream_consumer().stream_arn(&arn).consumer_name("reader").send().await;
    let registered = registered
        .unwrap_or_else(|error| panic!("register: {}", explain(&error)))
        .consumer
        .expect("a consumer");
    assert_eq!(registered.consumer_status, ConsumerStatus::Creating);
    assert!(
        registered.consumer_arn.starts_with(&format!("{arn}/consumer/reader:")),
        "{}",
        registered.consumer_arn
    );
    active(&stream, &registered.consumer_arn).await;

    let listed = stream.client().list_stream_consumers().stream_arn(&arn).send().await.expect("list");
    let arns: Vec<_> =
        listed.consumers().iter().map(aws_sdk_kinesis::types::Consumer::consumer_arn).collect();
    assert_eq!(arns, [registered.consumer_arn]);
    stream.delete().await;
}

pub(crate) async fn a_consumer_that_exists_is_not_registered_again(endpoint: &'static Endpoint) {
    let stream = endpoint.create_stream("register-again", 1).await;
    consumer(&stream).await;
    let again =
        stream.client().register_stream_consumer().stream_arn(arn(&stream).await).consumer_name("reader");
    assert_refused("register again", again.send().await, "ResourceInUseException");
    stream.delete().await;
}

pub(crate) async fn a_subscription_delivers_what_is_there_and_what_comes(endpoint: &'static Endpoint) {
    let stream = endpoint.create_stream("subscribe", 1).await;
    let consumer = consumer(&stream).await;
    stream.put("key", "there").await;
    let mut events = Events::subscribe(&stream, &consumer, ShardIteratorType::TrimHorizon, None).await;
    assert_eq!(events.next_with_records().await.records()[0].data().as_ref(), b"there");

    let (_, sequence) = stream.put("key", "comes").await;
    let event = events.next_with_records().await;
    assert_eq!(event.records()[0].sequence_number(), sequence);
    assert_eq!(
        event.continuation_sequence_number(),
        sequence,
        "a subscription resumes after the last record"
    );
    stream.delete().await;
}

pub(crate) async fn a_subscription_resumes_after_a_sequence_number(endpoint: &'static Endpoint) {
    let stream = endpoint.create_stream("resume", 1).await;
    let consumer = consumer(&stream).await;
    let (_, first) = stream.put("key", "first").await;
    let (_, second) = stream.put("key", "second").await;
    let after = ShardIteratorType::AfterSequenceNumber;
    let mut events = Events::subscribe(&stream, &consumer, after, Some(first)).await;
    assert_eq!(events.next_with_records().await.records()[0].sequence_number(), second);
    stream.delete().await;
}

pub(crate) async fn a_subscription_to_a_closed_shard_ends_with_its_children(endpoint: &'static Endpoint) {
    let stream = endpoint.create_stream("subscribe-end", 1).await;
    let consumer = consumer(&stream).await;
    stream.put("key", "x").await;
    split(&stream).await;
    let mut events = Events::subscribe(&stream, &consumer, ShardIteratorType::TrimHorizon, None).await;

    let mut records = 0;
    let children = loop {
        let event = events.next().await.expect("the children come before the end");
        records += event.records().len();
        if !event.child_shards().is_empty() {
            break event.child_shards().len();
        }
    };
    assert_eq!((records, children), (1, 2));
    assert!(events.next().await.is_none(), "nothing comes after the end");
    stream.delete().await;
}

pub(crate) async fn an_unknown_consumer_cannot_subscribe(endpoint: &'static Endpoint) {
    let stream = endpoint.create_stream("nobody", 1).await;
    let unknown = format!("{}/consumer/nobody:1", arn(&stream).await);
    let subscribe = stream.client().subscribe_to_shard().consumer_arn(unknown).shard_id(SHARD);
    let subscribe = subscribe.starting_position(position(ShardIteratorType::TrimHorizon, None)).send().await;
    assert_refused("subscribe", subscribe.map(|_| ()), "ResourceNotFoundException");
    stream.delete().await;
}

/// The events of a subscription.
struct Events(aws_sdk_kinesis::operation::subscribe_to_shard::SubscribeToShardOutput);

impl Events {
    async fn subscribe(
        stream: &TestStream,
        consumer: &str,
        kind: ShardIteratorType,
        sequence: Option<String>,
    ) -> Self {
        let subscribe = stream.client().subscribe_to_shard().consumer_arn(consumer).shard_id(SHARD);
        let subscribe = subscribe.starting_position(position(kind, sequence)).send().await;
        Self(subscribe.unwrap_or_else(|error| panic!("subscribe: {}", explain(&error))))
    }

    async fn next(&mut self) -> Option<SubscribeToShardEvent> {
        match self
            .0
            .event_stream
            .recv()
            .await
            .unwrap_or_else(|error| panic!("receive: {}", explain(&error)))?
        {
            SubscribeToShardEventStream::SubscribeToShardEvent(event) => Some(event),
            other => panic!("an event of another kind: {other:?}"),
        }
    }

    async fn next_with_records(&mut self) -> SubscribeToShardEvent {
        loop {
            let event = self.next().await.expect("a subscription to an open shard goes on");
            if !event.records().is_empty() {
                return event;
            }
        }
    }
}

fn position(kind: ShardIteratorType, sequence: Option<String>) -> StartingPosition {
    StartingPosition::builder().r#type(kind).set_sequence_number(sequence).build().expect("a position")
}

async fn arn(stream: &TestStream) -> String {
    let summary =
        stream.client().describe_stream_summary().stream_name(stream.name()).send().await.expect("summary");
    summary.stream_description_summary.expect("a summary").stream_arn
}

/// Registers a consumer and waits until it can subscribe.
async fn consumer(stream: &TestStream) -> String {
    let register =
        stream.client().register_stream_consumer().stream_arn(arn(stream).await).consumer_name("reader");
    let registered = register.send().await.unwrap_or_else(|error| panic!("register: {}", explain(&error)));
    let consumer = registered.consumer.expect("a consumer").consumer_arn;
    active(stream, &consumer).await;
    consumer
}

async fn active(stream: &TestStream, consumer: &str) {
    eventually("the consumer is active", async || {
        let described = stream.client().describe_stream_consumer().consumer_arn(consumer).send().await;
        let described = described.expect("describe").consumer_description.expect("a description");
        (described.consumer_status == ConsumerStatus::Active).then_some(())
    })
    .await;
}
