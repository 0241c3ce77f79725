//! Which part of a stream is read.

use std::collections::HashMap;
use std::time::{Duration, SystemTime};

use headwater::Message;
use headwater_kinesis::codec;
use headwater_tests::{Endpoint, Server, TestStream, eventually};

use super::all_of;
use crate::support::{Headwater, Running, feed};

/// A stream of two shards with numbers on both, and the numbers by shard.
async fn two_shards(endpoint: &Endpoint) -> (TestStream, HashMap<String, Vec<String>>) {
    let stream = endpoint.create_stream("parts", 2).await;
    let mut held: HashMap<String, Vec<String>> = HashMap::new();
    for number in 0..20 {
        let (shard, _) = stream.put(&format!("key-{number}"), number.to_string()).await;
        held.entry(shard).or_default().push(number.to_string());
    }
    assert_eq!(held.len(), 2, "both hold some");
    (stream, held)
}

async fn a_shard_is_read_alone(endpoint: &Endpoint) {
    let (stream, held) = two_shards(endpoint).await;
    for (shard, numbers) in &held {
        let read = all_of(endpoint, &stream, &["--shard", shard]).await.ok();
        assert_eq!(read.lines().collect::<Vec<_>>(), *numbers, "{shard}");
    }
    let both: Vec<_> = held.keys().flat_map(|shard| ["--shard", shard]).collect();
    assert_eq!(all_of(endpoint, &stream, &both).await.ok().lines().count(), 20);
}

#[tokio::test]
async fn a_shard_is_read_alone_on_our_server() {
    a_shard_is_read_alone(Server::Local.shared()).await;
}

#[tokio::test]
async fn a_shard_is_read_alone_on_kinesalite() {
    a_shard_is_read_alone(Server::Kinesalite.shared()).await;
}

#[tokio::test]
async fn a_shard_that_does_not_exist_is_named_with_those_that_do() {
    let endpoint = Server::Local.shared();
    let stream = endpoint.create_stream("named", 2).await;
    let told = all_of(endpoint, &stream, &["--shard", "shard-7"]).await.code(2);
    assert!(told.contains("--shard \"shard-7\"") && told.contains("shardId-000000000001"), "{told}");
}

async fn a_sequence_number_is_a_place_in_a_shard(endpoint: &Endpoint) {
    let stream = endpoint.create_stream("placed", 1).await;
    stream.put("k", "first").await;
    let (shard, sequence) = stream.put("k", "second").await;
    stream.put("k", "third").await;
    for shard in [&[][..], &["--shard", &shard]] {
        let args = ["tail", stream.name(), "--from", &sequence, "--until", "tip"];
        let read = Headwater::at(endpoint, args.iter().chain(shard)).run().await.ok();
        assert_eq!(read, "second\nthird\n", "{shard:?}");
    }
}

#[tokio::test]
async fn a_sequence_number_is_a_place_in_a_shard_of_our_server() {
    a_sequence_number_is_a_place_in_a_shard(Server::Local.shared()).await;
}

#[tokio::test]
async fn a_sequence_number_is_a_place_in_a_shard_of_kinesalite() {
    a_sequence_number_is_a_place_in_a_shard(Server::Kinesalite.shared()).await;
}

#[tokio::test]
async fn a_sequence_number_of_one_of_many_shards_wants_the_shard() {
    let endpoint = Server::Local.shared();
    let stream = endpoint.create_stream("many", 2).await;
    let (shard, sequence) = stream.put("k", "1").await;
    let both = ["shardId-000000000000", "shardId-000000000001"];
    let named = both.iter().flat_map(|shard| ["--shard", shard]).collect::<Vec<_>>();
    for shards in [&[][..], &named] {
        let args = ["tail", stream.name(), "--from", &sequence];
        let told = Headwater::at(endpoint, args.iter().chain(shards)).run().await.code(2);
        for what in ["--from", &sequence, "--shard", both[0], both[1]] {
            assert!(told.contains(what), "{what}: {told}");
        }
    }
    let args = ["tail", stream.name(), "--from", &sequence, "--shard", &shard, "--until", "tip"];
    assert_eq!(Headwater::at(endpoint, args).run().await.ok(), "1\n");
}

#[tokio::test]
async fn times_bound_what_is_read() {
    let endpoint = Server::Local.shared();
    let stream = endpoint.create_stream("timed", 1).await;
    stream.put("k", "first").await;
    let shard = stream.shards().await[0].shard_id.clone();
    let first = stream.read(&shard, 1).await[0].approximate_arrival_timestamp.expect("the server tells");
    let first = SystemTime::try_from(first).unwrap();
    // The next one arrives a millisecond later at least.
    eventually("a millisecond has passed", async || {
        (SystemTime::now() > first + Duration::from_millis(2)).then_some(())
    })
    .await;
    stream.put("k", "second").await;
    let second = stream.read(&shard, 2).await[1].approximate_arrival_timestamp.expect("the server tells");
    let second = second.fmt(aws_sdk_kinesis::primitives::DateTimeFormat::DateTime).unwrap();
    let read = async |from: &str, until: &str| {
        let args = ["tail", stream.name(), "--from", from, "--until", until];
        Headwater::at(endpoint, args).run().await.ok()
    };
    assert_eq!(read(&second, "tip").await, "second\n");
    assert_eq!(read("-1h", "tip").await, "first\nsecond\n");
    assert_eq!(read("horizon", &second).await, "first\n");
    assert_eq!(read("-2h", "-1h").await, "");
}

#[tokio::test]
async fn a_wrong_start_or_end_is_told_what_is_right() {
    for (flag, wrong, right) in
        [("--from", "yesterday", "horizon, latest"), ("--from", "-15", "-15m"), ("--until", "now", "tip")]
    {
        let told = Headwater::new(["tail", "orders", flag, wrong]).run().await.code(2);
        assert!(told.contains(flag) && told.contains(wrong) && told.contains(right), "{told}");
    }
}

/// Without a start, what comes from now on is read, and seen as soon as it came.
async fn what_comes_is_seen_at_once(endpoint: &Endpoint, flags: &[&str]) {
    let stream = endpoint.create_stream("live", 2).await;
    stream.put("k", "before").await;
    let tail = Running::start(Headwater::at(endpoint, ["tail", stream.name()].iter().chain(flags)));
    let mut number = 0;
    eventually("it begins to read", async || {
        stream.put(&format!("key-{number}"), number.to_string()).await;
        number += 1;
        (!tail.lines().is_empty()).then_some(())
    })
    .await;
    stream.put("k", "last").await;
    eventually("the last is seen", async || tail.lines().contains(&"last".to_owned()).then_some(())).await;
    assert!(!tail.lines().contains(&"before".to_owned()));
    tail.signal("INT").await;
    assert_eq!(tail.end().await.0.code(), Some(130));
}

#[tokio::test]
async fn what_comes_is_seen_at_once_on_our_server() {
    what_comes_is_seen_at_once(Server::Local.shared(), &[]).await;
}

#[tokio::test]
async fn what_comes_is_seen_at_once_on_kinesis_local() {
    what_comes_is_seen_at_once(Server::KinesisLocal.shared(), &["--from", "latest", "--unpaced"]).await;
}

async fn a_stream_is_read_by_fan_out(endpoint: &Endpoint) {
    let stream = endpoint.create_stream("pushed", 2).await;
    let numbers: Vec<_> = (0..50).map(|number| number.to_string()).collect();
    feed(endpoint, &stream, codec::string(), numbers.iter().cloned().map(Message::new)).await;
    let read = all_of(endpoint, &stream, &["--fan-out", "tails"]).await.ok();
    let mut read: Vec<_> = read.lines().collect();
    read.sort_unstable_by_key(|line| line.parse::<usize>().unwrap());
    assert_eq!(read, numbers);
}

#[tokio::test]
async fn a_stream_is_read_by_fan_out_on_our_server() {
    a_stream_is_read_by_fan_out(Server::Local.shared()).await;
}

#[tokio::test]
async fn a_stream_is_read_by_fan_out_on_kinesis_local() {
    a_stream_is_read_by_fan_out(Server::KinesisLocal.shared()).await;
}

#[tokio::test]
async fn a_consumer_lasts_as_long_as_the_command_that_registered_it() {
    let endpoint = Server::Local.shared();
    let stream = endpoint.create_stream("consumed", 1).await;
    let described =
        stream.client().describe_stream_summary().stream_name(stream.name()).send().await.unwrap();
    let arn = described.stream_description_summary.unwrap().stream_arn;
    let consumers = async || {
        let listed = stream.client().list_stream_consumers().stream_arn(&arn).send().await.unwrap();
        listed
            .consumers
            .unwrap_or_default()
            .into_iter()
            .map(|consumer| consumer.consumer_name)
            .collect::<Vec<_>>()
    };
    let args = ["tail", stream.name(), "--fan-out", "tails"];
    let tail = Running::start(Headwater::at(endpoint, args));
    eventually("it is registered", async || (consumers().await == ["tails"]).then_some(())).await;
    tail.signal("INT").await;
    assert_eq!(tail.end().await.0.code(), Some(130));
    eventually("it is gone", async || consumers().await.is_empty().then_some(())).await;

    let told = Headwater::at(endpoint, ["tail", stream.name(), "--fan-out", "t a"]).run().await.code(2);
    assert!(told.contains("--fan-out = \"t a\""), "{told}");
}
