//! Headers on their way through a stream. What is read needs a clock that runs: its tip is a time.

use std::collections::HashSet;

use aws_sdk_kinesis::types::{RecordDistributionStrategy, StreamMode, StreamModeDetails};
use futures::{SinkExt, TryStreamExt};
use headwater::source::Until;
use headwater::{ErrorKind, Headers, Message};
use headwater_kinesis::codec::{Codec, Framing, Kpl, Lines, Utf8, kpl_string};
use headwater_kinesis::{KinesisSink, KinesisSinkBuilder, KinesisSource};
use headwater_local::{Faults, LocalKinesis};
use headwater_tests::Kcl;

use crate::reshards::{Change, Reshards};

const FRAME_SIZE: usize = 600;

fn sink(local: &LocalKinesis) -> KinesisSinkBuilder {
    KinesisSink::builder("orders").client(local.client()).frame_size(FRAME_SIZE)
}

/// A message whose header is its payload; every third has no key.
fn headed(number: usize) -> Message<String> {
    let payload = format!("{number:04}");
    let mut headers = Headers::new();
    headers.insert("copy", &payload).unwrap();
    let message = Message::new(payload).rehead(headers);
    if number.is_multiple_of(3) { message } else { message.rekey(format!("key-{}", number % 20)) }
}

/// What is read: payloads, each with its header, in the order of the payloads.
async fn read(local: &LocalKinesis, framing: impl Framing) -> Vec<(String, Option<String>)> {
    let source = KinesisSource::builder("orders").client(local.client()).until(Until::Tip);
    let messages = source.connect().await.unwrap().decode::<String, _>(Codec::new(framing, Utf8));
    let read = messages.map_ok(|message| {
        let read = (message.payload().clone(), message.header("copy").map(str::to_owned));
        message.ack();
        read
    });
    let mut read: Vec<_> = read.try_collect().await.unwrap();
    read.sort_unstable();
    // What landed on a shard that was closed meanwhile is put once more.
    read.dedup();
    read
}

/// What is read of so many messages where nothing is left out.
fn whole(messages: usize) -> Vec<(String, Option<String>)> {
    (0..messages).map(|number| (format!("{number:04}"), Some(format!("{number:04}")))).collect()
}

#[tokio::test]
async fn headers_survive_aggregates_retries_and_splits() {
    let local = LocalKinesis::builder().stream("orders", 2).build();
    local.faults().set(Faults::seeded(7).fail_entries(0.2));
    let mut reshards = Reshards::drawn(7, 400, &[Change::Split, Change::Merge]);
    let mut sink = sink(&local).connect().await.unwrap().encode(kpl_string());
    for number in 0..400 {
        reshards.before(number, &local, "orders");
        sink.feed(headed(number)).await.unwrap();
    }
    sink.close().await.unwrap();

    assert_eq!(read(&local, Kpl).await, whole(400));
    let records = local.records("orders").unwrap();
    assert!(records.len() < 200, "{} records: they are aggregates", records.len());
    assert!(records.iter().all(|record| record.data.len() <= FRAME_SIZE), "tags count");
    let read = Kcl::Strict.read_local(&local, "orders");
    let kept: HashSet<_> = read.payloads.into_values().flatten().collect();
    assert_eq!(kept.len(), 400, "a strict reader that knows no tags keeps them all");
}

#[tokio::test]
async fn a_message_alone_keeps_its_headers_where_a_strict_reader_keeps_the_message() {
    let local = LocalKinesis::builder().stream("orders", 4).build();
    let mut sink = sink(&local).frame_messages(1).connect().await.unwrap().encode(kpl_string());
    for number in 0..50 {
        sink.send(headed(number)).await.unwrap();
    }
    assert_eq!(read(&local, Kpl).await, whole(50));
    let read = Kcl::Strict.read_local(&local, "orders");
    assert_eq!((read.count(), read.misplaced, read.largest), (50, 0, 1));
}

#[tokio::test]
async fn a_framing_without_room_leaves_headers_out_and_the_message_in() {
    let local = LocalKinesis::builder().stream("orders", 1).build();
    let mut sink = sink(&local).connect().await.unwrap().encode(Codec::new(Lines, Utf8));
    for number in 0..10 {
        sink.feed(headed(number)).await.unwrap();
    }
    sink.close().await.unwrap();
    let expected: Vec<_> = (0..10).map(|n| (format!("{n:04}"), None)).collect();
    assert_eq!(read(&local, Lines).await, expected);
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_distributes_by_itself_gets_plain_records_without_headers() {
    let local = LocalKinesis::new();
    let mode = StreamModeDetails::builder().stream_mode(StreamMode::OnDemand).build().unwrap();
    let create = local.client().create_stream().stream_name("orders").stream_mode_details(mode);
    create.record_distribution_strategy(RecordDistributionStrategy::Auto).send().await.unwrap();
    let mut sink = sink(&local).connect().await.unwrap().encode(kpl_string());
    sink.send(headed(1)).await.unwrap();
    assert_eq!(local.records("orders").unwrap()[0].data, "0001");
}

#[tokio::test(start_paused = true)]
async fn headers_count_towards_the_limit_of_a_record_and_come_back_with_the_message() {
    let local = LocalKinesis::builder().stream("orders", 1).build();
    let mut sink = sink(&local).connect().await.unwrap().encode(kpl_string());
    let message = headed(1);
    let mut headers = message.headers().clone();
    for number in 0..Headers::MAX_COUNT - 1 {
        headers.insert(&number.to_string(), &"v".repeat(Headers::MAX_VALUE_LEN)).unwrap();
    }
    let payload = "p".repeat(900 * 1024);
    sink.send(Message::keyed(payload.clone(), "key")).await.unwrap();

    let error = sink.send(Message::keyed(payload, "key").rehead(headers)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid, "{error}");
    let returned = error.into_undelivered().remove(0).into_message();
    assert_eq!(returned.header("copy"), Some("0001"));
    returned.ack();
}
