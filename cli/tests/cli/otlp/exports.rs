//! What is exported, and what becomes of it where nobody takes it.

use headwater_tests::{Server, eventually};
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::number_data_point::Value;

use super::collector::{Collector, texts};
use crate::support::{Headwater, Live, Running};

#[tokio::test]
async fn what_a_put_measures_and_does_is_sent_at_its_end() {
    let (endpoint, collector) = (Server::Local.shared(), Collector::start().await);
    let stream = endpoint.create_stream("otlp", 1).await;
    let put = Headwater::at(endpoint, ["put", stream.name(), "--otlp", collector.url()])
        .env("OTEL_SERVICE_NAME", "shop")
        .env("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%20open-sesame")
        .input("one\ntwo\nthree\n");
    let done = put.run().await;
    assert!(!done.stderr.contains("open-sesame"), "{}", done.stderr);
    done.ok();

    let received = collector.received();
    assert!(received.headers.len() >= 2);
    for headers in &received.headers {
        assert_eq!(headers["authorization"], "Bearer open-sesame");
    }
    for resource in &received.resources {
        assert_eq!(texts(&resource.attributes)["service.name"], "shop");
    }
    let stored = received.metrics["headwater_sink_messages_stored_total"].data.clone();
    let Some(Data::Sum(stored)) = stored else { panic!("{stored:?}") };
    assert!(stored.is_monotonic);
    assert_eq!(stored.data_points[0].value, Some(Value::AsInt(3)));
    assert_eq!(texts(&stored.data_points[0].attributes)["sink"], stream.name());
    let took = received.metrics["headwater_sink_request_seconds"].data.clone();
    let Some(Data::Histogram(took)) = took else { panic!("{took:?}") };
    assert!(took.data_points[0].count >= 1);
    assert!(took.data_points[0].explicit_bounds[0] < 0.002, "they are seconds");

    let requests = received.spans("put");
    assert!(!requests.is_empty());
    assert_eq!(texts(&requests[0].attributes)["sink"], stream.name());
    assert_eq!(received.spans("headwater put").len(), 1);
    stream.delete().await;
}

#[tokio::test]
async fn ctrl_c_sends_what_was_not_sent() {
    let (endpoint, collector) = (Server::Local.shared(), Collector::start().await);
    let stream = endpoint.create_stream("otlp", 1).await;
    let args = ["tail", stream.name(), "--from", "horizon", "--otlp", collector.url()];
    let tail = Running::start(Headwater::at(endpoint, args));
    Headwater::at(endpoint, ["put", stream.name(), "one"]).run().await.ok();
    assert_eq!(tail.printed(1).await, ["one"]);
    tail.signal("INT").await;
    let (status, told) = tail.end().await;
    assert_eq!(status.code(), Some(130), "{told}");
    let received = collector.received();
    let messages = received.metrics["headwater_source_messages_total"].data.clone();
    let Some(Data::Sum(messages)) = messages else { panic!("{messages:?}") };
    assert_eq!(messages.data_points[0].value, Some(Value::AsInt(1)));
    drop(received);
    stream.delete().await;
}

#[tokio::test]
async fn a_collector_that_is_away_is_told_of_once_and_costs_nothing_else() {
    let endpoint = Server::Local.shared();
    let stream = endpoint.create_stream("otlp", 1).await;
    let lines: String = (0..40).map(|number: u32| number.to_string() + "\n").collect();
    // Nobody listens on port 9, and it is tried a hundred times a second.
    let put = Headwater::at(endpoint, ["put", stream.name(), "--rate", "40", "--otlp", "http://127.0.0.1:9"])
        .env("OTEL_METRIC_EXPORT_INTERVAL", "10")
        .env("OTEL_BSP_SCHEDULE_DELAY", "10")
        .input(lines);
    let done = put.run().await;
    assert_eq!(done.stderr.matches("--otlp http://127.0.0.1:9").count(), 1, "{}", done.stderr);
    done.ok();
    let read = Headwater::at(endpoint, ["tail", stream.name(), "--from", "horizon", "--until", "tip"]);
    assert_eq!(read.run().await.ok().lines().count(), 40);
    stream.delete().await;
}

#[tokio::test]
async fn metrics_are_sent_on_an_interval_and_served_as_well() {
    let (endpoint, collector) = (Server::Local.shared(), Collector::start().await);
    let stream = endpoint.create_stream("otlp", 1).await;
    let tail = Headwater::at(endpoint, ["tail", stream.name(), "--listen", "127.0.0.1:0"])
        .env("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url())
        .env("OTEL_METRIC_EXPORT_INTERVAL", "50");
    let tail = Live::start(tail).await;
    let is_sent =
        async || collector.received().metrics.contains_key("headwater_source_calls_total").then_some(());
    eventually("the collector has metrics of a tail that goes on", is_sent).await;
    assert!(tail.get("/metrics").await.body.contains("headwater_source_calls_total"));
    drop(tail);
    stream.delete().await;
}

#[tokio::test]
async fn a_url_that_is_no_collectors_is_told_what_is_right() {
    for wrong in ["localhost:4318", "grpc://localhost:4317", "http://"] {
        let put = Headwater::new(["put", "orders", "x", "--otlp", wrong]).env("AWS_REGION", "eu-west-1");
        let told = put.run().await.code(2);
        assert!(told.contains("--otlp") && told.contains("http://localhost:4318"), "{wrong}: {told}");
    }
    let put = Headwater::new(["put", "orders", "x", "--otlp", "https://me:open-sesame@collector"]);
    let told = put.env("AWS_REGION", "eu-west-1").run().await.code(2);
    assert!(told.contains("OTEL_EXPORTER_OTLP_HEADERS") && !told.contains("open-sesame"), "{told}");
}
