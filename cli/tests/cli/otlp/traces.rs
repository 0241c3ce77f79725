//! The trace of a message, from who puts it to who reads it.

use std::collections::BTreeSet;

use headwater_tests::Server;
use opentelemetry_proto::tonic::trace::v1::Span;

use super::collector::{Collector, texts};
use crate::support::Headwater;

fn ids(spans: &[&Span]) -> BTreeSet<Vec<u8>> {
    spans.iter().map(|span| span.span_id.clone()).collect()
}

fn parents(spans: &[&Span]) -> BTreeSet<Vec<u8>> {
    spans.iter().map(|span| span.parent_span_id.clone()).collect()
}

#[tokio::test]
async fn a_trace_goes_from_put_through_relay_to_tail() {
    let (endpoint, collector) = (Server::Local.shared(), Collector::start().await);
    let (from, to) = (endpoint.create_stream("from", 2).await, endpoint.create_stream("to", 1).await);
    let run = |args: &[&str]| {
        let codec = ["--otlp", collector.url()];
        Headwater::at(endpoint, args.iter().chain(&codec))
    };
    run(&["put", from.name(), "--codec", "kpl-json"]).input("1\n2\n3\n").run().await.ok();
    let relay = ["relay", from.name(), to.name(), "--codec", "kpl-json", "--jq", ". + 1", "--until", "tip"];
    run(&relay).run().await.ok();
    let tail = ["tail", to.name(), "--codec", "kpl-json", "--from", "horizon", "--until", "tip"];
    let mut read: Vec<_> = run(&tail).run().await.ok().lines().map(str::to_owned).collect();
    read.sort_unstable();
    assert_eq!(read, ["2", "3", "4"]);

    let received = collector.received();
    let [put] = received.spans("headwater put")[..] else { panic!("{:?}", received.spans) };
    let (relays, tails) = (received.spans("relay"), received.spans("tail"));
    assert_eq!((relays.len(), tails.len()), (3, 3));
    assert!(relays.iter().chain(&tails).all(|span| span.trace_id == put.trace_id), "it is one trace");
    assert_eq!(parents(&relays), BTreeSet::from([put.span_id.clone()]));
    assert_eq!(parents(&tails), ids(&relays));
    let attributes = texts(&relays[0].attributes);
    assert_eq!(attributes["stream"], from.name());
    assert!(
        attributes["shard"].starts_with("shardId-") && !attributes["sequence"].is_empty(),
        "{attributes:?}"
    );
    drop(received);
    from.delete().await;
    to.delete().await;
}

#[tokio::test]
async fn who_exports_nothing_passes_the_trace_on() {
    let (endpoint, collector) = (Server::Local.shared(), Collector::start().await);
    let (from, to) = (endpoint.create_stream("from", 1).await, endpoint.create_stream("to", 1).await);
    let put = ["put", from.name(), "alone", "--codec", "kpl-string", "--otlp", collector.url()];
    Headwater::at(endpoint, put).run().await.ok();
    let relay = ["relay", from.name(), to.name(), "--codec", "kpl-string", "--until", "tip"];
    Headwater::at(endpoint, relay).run().await.ok();
    let tail = ["tail", to.name(), "--codec", "kpl-string", "--from", "horizon", "--until", "tip"];
    let tail = Headwater::at(endpoint, tail.iter().chain(&["--otlp", collector.url()]));
    assert_eq!(tail.run().await.ok(), "alone\n");

    let received = collector.received();
    let (puts, tails) = (received.spans("headwater put"), received.spans("tail"));
    assert_eq!((puts.len(), tails.len()), (1, 1));
    assert_eq!(parents(&tails), ids(&puts));
    drop(received);
    from.delete().await;
    to.delete().await;
}

#[tokio::test]
async fn a_codec_without_room_ends_the_trace_and_keeps_the_message() {
    let (endpoint, collector) = (Server::Local.shared(), Collector::start().await);
    let stream = endpoint.create_stream("plain", 1).await;
    let put = ["put", stream.name(), "plain", "--codec", "string", "--otlp", collector.url()];
    Headwater::at(endpoint, put).run().await.ok();
    let tail = ["tail", stream.name(), "--from", "horizon", "--until", "tip", "--otlp", collector.url()];
    assert_eq!(Headwater::at(endpoint, tail).run().await.ok(), "plain\n");
    assert!(collector.received().spans("tail").is_empty());
    stream.delete().await;
}
