//! What subscriptions to an open shard deliver, and who may subscribe.

use aws_sdk_kinesis::primitives::DateTime;
use aws_sdk_kinesis::types::ShardIteratorType::{AfterSequenceNumber, AtSequenceNumber, Latest, TrimHorizon};
use headwater_tests::{Endpoint, TestStream, eventually, explain};

use crate::answer::{assert_refused, refusal};
use crate::fan_out::consumers::{arn, consumer};
use crate::fan_out::subscription::{Subscription, at, by_sequence, by_time, is_in_use};
use crate::iterators::{SHARD, arrival_millis, sequences, spread_over_time};

pub(crate) async fn a_subscription_delivers_what_is_there_and_what_comes(endpoint: &'static Endpoint) {
    let (stream, consumer) = subscribed(endpoint, "subscribe").await;
    let (_, there) = stream.put("key", "there").await;
    let mut subscription = Subscription::open(&stream, &consumer, at(TrimHorizon)).await;
    let (records, continuation) = subscription.read(1).await;
    assert_eq!(records[0].data.as_ref(), b"there");
    assert_eq!(records[0].partition_key.as_deref(), Some("key"));
    assert_eq!((&records[0].sequence_number, &continuation), (&there, &there));

    let (_, comes) = stream.put("key", "comes").await;
    let (records, continuation) = subscription.read(1).await;
    assert_eq!((&records[0].sequence_number, &continuation), (&comes, &comes));
    stream.delete().await;
}

pub(crate) async fn a_subscription_at_trim_horizon_begins_with_the_first_record(endpoint: &'static Endpoint) {
    let (stream, consumer) = subscribed(endpoint, "fan-out-horizon").await;
    put(&stream, ["a", "b", "c"]).await;
    let mut subscription = Subscription::open(&stream, &consumer, at(TrimHorizon)).await;
    assert_eq!(subscription.texts(3).await, ["a", "b", "c"]);
    stream.delete().await;
}

pub(crate) async fn a_subscription_at_latest_delivers_only_what_comes(endpoint: &'static Endpoint) {
    let (stream, consumer) = subscribed(endpoint, "fan-out-latest").await;
    put(&stream, ["a", "b"]).await;
    let mut subscription = Subscription::open(&stream, &consumer, at(Latest)).await;
    put(&stream, ["c"]).await;
    assert_eq!(subscription.texts(1).await, ["c"]);
    stream.delete().await;
}

pub(crate) async fn a_subscription_at_a_sequence_number_begins_with_its_record(endpoint: &'static Endpoint) {
    let (stream, consumer) = subscribed(endpoint, "fan-out-at").await;
    let sequences = put(&stream, ["a", "b", "c"]).await;
    let from = by_sequence(AtSequenceNumber, &sequences[1]);
    assert_eq!(Subscription::open(&stream, &consumer, from).await.texts(2).await, ["b", "c"]);
    stream.delete().await;
}

pub(crate) async fn a_subscription_after_a_sequence_number_begins_behind_its_record(
    endpoint: &'static Endpoint,
) {
    let (stream, consumer) = subscribed(endpoint, "fan-out-after").await;
    let sequences = put(&stream, ["a", "b", "c"]).await;
    let from = by_sequence(AfterSequenceNumber, &sequences[1]);
    assert_eq!(Subscription::open(&stream, &consumer, from).await.texts(1).await, ["c"]);
    stream.delete().await;
}

pub(crate) async fn a_subscription_at_a_timestamp_begins_with_the_first_record_that_is_no_older(
    endpoint: &'static Endpoint,
) {
    let (stream, consumer) = subscribed(endpoint, "fan-out-timestamp").await;
    let records = spread_over_time(&stream).await;
    let pivot = arrival_millis(records.last().expect("records"));
    let expected: Vec<_> = records.iter().filter(|record| arrival_millis(record) >= pivot).collect();
    assert!(expected.len() < records.len(), "the first record is older than the last");

    let from = by_time(DateTime::from_millis(pivot));
    let read = Subscription::open(&stream, &consumer, from).await.read(expected.len()).await.0;
    assert_eq!(sequences(&read), sequences(expected));
    stream.delete().await;
}

pub(crate) async fn a_subscription_resumed_after_its_continuation_neither_loses_nor_repeats(
    endpoint: &'static Endpoint,
) {
    let (stream, consumer) = subscribed(endpoint, "fan-out-resume").await;
    put(&stream, ["a", "b"]).await;
    let mut first = Subscription::open(&stream, &consumer, at(TrimHorizon)).await;
    let (_, continuation) = first.read(2).await;
    // What the first has not read by its end, the second must.
    put(&stream, ["c", "d"]).await;
    drop(first);
    let from = by_sequence(AfterSequenceNumber, &continuation);
    let mut second = Subscription::reopen(&stream, &consumer, from).await;
    assert_eq!(second.texts(2).await, ["c", "d"]);
    put(&stream, ["e"]).await;
    assert_eq!(second.texts(1).await, ["e"]);
    stream.delete().await;
}

pub(crate) async fn a_subscription_to_an_empty_shard_is_resumed_after_its_continuation(
    endpoint: &'static Endpoint,
) {
    let (stream, consumer) = subscribed(endpoint, "fan-out-empty").await;
    let mut first = Subscription::open(&stream, &consumer, at(Latest)).await;
    let continuation = first.next().await.expect("an event").continuation_sequence_number;
    drop(first);
    put(&stream, ["a", "b"]).await;
    let from = by_sequence(AfterSequenceNumber, &continuation);
    assert_eq!(Subscription::reopen(&stream, &consumer, from).await.texts(2).await, ["a", "b"]);
    stream.delete().await;
}

pub(crate) async fn an_event_comes_though_nothing_is_written(endpoint: &'static Endpoint) {
    let (stream, consumer) = subscribed(endpoint, "fan-out-idle").await;
    let mut subscription = Subscription::open(&stream, &consumer, at(TrimHorizon)).await;
    for _ in 0..2 {
        let event = subscription.next().await.expect("an open shard has no end");
        assert!(event.records.is_empty(), "nothing was written: {event:?}");
        assert!(!event.continuation_sequence_number.is_empty(), "a place to go on from");
        assert_eq!(event.millis_behind_latest, 0);
    }
    stream.delete().await;
}

pub(crate) async fn two_consumers_each_see_every_record(endpoint: &'static Endpoint) {
    let (stream, one) = subscribed(endpoint, "fan-out-two").await;
    let other = consumer(&stream, "other").await;
    let mut one = Subscription::open(&stream, &one, at(TrimHorizon)).await;
    let mut other = Subscription::open(&stream, &other, at(TrimHorizon)).await;
    put(&stream, ["a", "b", "c"]).await;
    assert_eq!(one.texts(3).await, ["a", "b", "c"]);
    assert_eq!(other.texts(3).await, ["a", "b", "c"]);
    stream.delete().await;
}

pub(crate) async fn a_second_subscription_within_five_seconds_is_refused(endpoint: &'static Endpoint) {
    let (stream, consumer) = subscribed(endpoint, "fan-out-second").await;
    let first = Subscription::open(&stream, &consumer, at(TrimHorizon)).await;
    let second = Subscription::try_open(&stream, &consumer, at(TrimHorizon)).await;
    assert_refused("subscribe again", second, "ResourceInUseException");
    drop(first);
    stream.delete().await;
}

pub(crate) async fn a_later_subscription_takes_over(endpoint: &'static Endpoint) {
    let (stream, consumer) = subscribed(endpoint, "fan-out-later").await;
    let mut first = Subscription::open(&stream, &consumer, at(TrimHorizon)).await;
    let mut second = Subscription::reopen(&stream, &consumer, at(TrimHorizon)).await;
    put(&stream, ["a"]).await;
    assert_eq!(second.texts(1).await, ["a"]);

    eventually("the first subscription ends", async || match first.try_next().await {
        Ok(Some(event)) => {
            assert!(event.records.is_empty(), "both subscriptions have records: {event:?}");
            None
        }
        Ok(None) => Some(()),
        Err(error) if is_in_use(&error) => Some(()),
        Err(error) => panic!("receive: {}", explain(&error)),
    })
    .await;
    stream.delete().await;
}

pub(crate) async fn an_unknown_consumer_cannot_subscribe(endpoint: &'static Endpoint) {
    let stream = endpoint.create_stream("nobody", 1).await;
    let unknown = format!("{}/consumer/nobody:1", arn(&stream).await);
    let subscribed = Subscription::try_open(&stream, &unknown, at(TrimHorizon)).await;
    assert_refused("subscribe", subscribed, "ResourceNotFoundException");
    stream.delete().await;
}

pub(crate) async fn an_unknown_shard_cannot_be_subscribed_to(endpoint: &'static Endpoint) {
    let (stream, consumer) = subscribed(endpoint, "fan-out-nowhere").await;
    let shard = SHARD.replace('0', "9");
    let subscribe = stream.client().subscribe_to_shard().consumer_arn(consumer).shard_id(shard);
    let refusal = refusal("subscribe", subscribe.starting_position(at(TrimHorizon)).send().await);
    assert_eq!(refusal, "ResourceNotFoundException");
    stream.delete().await;
}

/// A stream of one shard with an active consumer, whose ARN it returns.
pub(crate) async fn subscribed(endpoint: &Endpoint, name: &str) -> (TestStream, String) {
    let stream = endpoint.create_stream(name, 1).await;
    let consumer = consumer(&stream, "reader").await;
    (stream, consumer)
}

/// Puts texts in their order and returns their sequence numbers.
async fn put<const N: usize>(stream: &TestStream, texts: [&str; N]) -> Vec<String> {
    let mut sequences = Vec::new();
    for text in texts {
        sequences.push(stream.put("key", text).await.1);
    }
    sequences
}
