//! The flags that set how a relay reads and writes.

use headwater_kinesis::codec;
use headwater_tests::{Server, eventually};

use crate::relay::streams::{Streams, read};
use crate::support::Headwater;

#[tokio::test]
async fn every_setting_is_taken() {
    let streams = Streams::new(Server::Local.shared(), 2).await;
    streams.fill_with_seq(500).await;
    let relay = ["relay", streams.from.name(), streams.to.name(), "--until", "tip", "--from", "horizon"];
    let reading = ["--lease-time", "5s", "--commit-interval", "50ms", "--outage-limit", "1m", "--unpaced"];
    let writing = ["--order", "none", "--max-in-flight", "2", "--linger", "5ms", "--unlimited"];
    let fan_out = ["--fan-out", "copier"];
    let all = relay.iter().chain(&reading).chain(&writing).chain(&fan_out);
    Headwater::at(streams.endpoint, all).run().await.ok();
    assert!(streams.numbers().await.into_iter().eq(1..=500));

    let arn = streams.from.client().describe_stream_summary().stream_name(streams.from.name()).send().await;
    let arn = arn.unwrap().stream_description_summary.unwrap().stream_arn;
    let consumers = streams.from.client().list_stream_consumers().stream_arn(arn).send().await.unwrap();
    assert_eq!(consumers.consumers()[0].consumer_name, "copier");
}

#[tokio::test]
async fn a_setting_out_of_its_range_is_named() {
    let streams = Streams::new(Server::Local.shared(), 1).await;
    for (flag, value) in [("--lease-time", "1ms"), ("--linger", "9d"), ("--fan-out", "no name")] {
        let relay = ["relay", streams.from.name(), streams.to.name(), flag, value];
        let told = Headwater::at(streams.endpoint, relay).run().await.code(2);
        assert!(told.contains(&format!("error: {flag}")), "{told}");
    }
}

#[tokio::test]
async fn the_target_is_made_where_it_is_wanted() {
    let streams = Streams::new(Server::Local.shared(), 1).await;
    streams.fill_with_seq(10).await;
    for (how, mode) in [("3", "PROVISIONED"), ("on-demand", "ON_DEMAND")] {
        let to = streams.endpoint.unique("made");
        let relay = ["relay", streams.from.name(), &to, "--until", "tip", "--create", how];
        Headwater::at(streams.endpoint, relay).run().await.ok();
        assert_eq!(read(streams.endpoint, &to, codec::string()).await.len(), 10);
        let made = streams.from.client().describe_stream_summary().stream_name(&to).send().await.unwrap();
        let made = made.stream_description_summary.unwrap();
        assert_eq!(made.stream_mode_details.unwrap().stream_mode.as_str(), mode);
        if how == "3" {
            assert_eq!(made.open_shard_count, 3);
        }
    }
}

#[tokio::test]
async fn from_latest_it_relays_what_comes_and_no_more() {
    let streams = Streams::new(Server::Local.shared(), 1).await;
    streams.fill_with_seq(5).await;
    let relay = ["relay", streams.from.name(), streams.to.name(), "--from", "latest"];
    let mut child = Headwater::at(streams.endpoint, relay).spawn();
    // When it has begun is not told, so something comes until it is seen.
    eventually("what comes is relayed", async || {
        streams.from.put("key", "7").await;
        let seen = streams.numbers().await;
        (!seen.is_empty()).then(|| assert!(seen.iter().all(|&number| number == 7), "{seen:?}"))
    })
    .await;
    child.start_kill().unwrap();
}

#[tokio::test]
async fn from_a_time_it_leaves_out_what_came_before() {
    let streams = Streams::new(Server::Local.shared(), 1).await;
    streams.fill_with_seq(5).await;
    for (from, count) in [("2999-01-01T00:00:00Z", None), ("-1h", Some(5))] {
        let relay = ["relay", streams.from.name(), streams.to.name(), "--from", from, "--until", "tip"];
        let done = Headwater::at(streams.endpoint, relay).run().await;
        match count {
            Some(count) => {
                done.ok();
                assert_eq!(streams.numbers().await.len(), count);
            }
            // Kinesis refuses a time to come.
            None => assert_eq!(streams.numbers().await.len(), 0),
        }
    }
}
