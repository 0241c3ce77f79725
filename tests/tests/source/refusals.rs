//! What a source refuses: an error that names the operation and the thing, in bounded time.

use std::time::Duration;

use headwater::ErrorKind;
use headwater_kinesis::{KinesisSource, KinesisSourceBuilder};
use headwater_local::LocalKinesis;

async fn refusal(source: KinesisSourceBuilder) -> (ErrorKind, String) {
    let connecting = tokio::time::timeout(Duration::from_secs(20), source.connect());
    let error = connecting.await.expect("bounded").expect_err("refused");
    (error.kind(), error.to_string())
}

fn local() -> LocalKinesis {
    LocalKinesis::builder().stream("orders", 1).deny_access_key("AKIDDENIED").build()
}

#[tokio::test]
async fn an_unknown_stream_is_named() {
    let (kind, text) = refusal(KinesisSource::builder("nowhere").client(local().client())).await;
    assert_eq!(kind, ErrorKind::NotFound);
    assert!(
        text.starts_with("describe stream \"nowhere\" in us-east-1: ResourceNotFoundException"),
        "{text}"
    );
}

#[tokio::test]
async fn bad_credentials_are_told_from_other_failures() {
    let credentials = aws_sdk_kinesis::config::Credentials::new("AKIDDENIED", "secret", None, None, "test");
    let config = local().kinesis_config().credentials_provider(credentials).build();
    let client = aws_sdk_kinesis::Client::from_conf(config);
    let (kind, text) = refusal(KinesisSource::builder("orders").client(client)).await;
    assert_eq!(kind, ErrorKind::AccessDenied, "{text}");
    assert!(text.starts_with("describe stream \"orders\""), "{text}");
}

#[tokio::test]
async fn an_endpoint_that_is_not_there_is_an_error_in_bounded_time() {
    // A port that was free a moment ago.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let server = headwater_tests::Server::Local.shared();
    let source = KinesisSource::builder("orders").sdk_config(server.sdk_config());
    let (kind, text) = refusal(source.endpoint_url(format!("http://127.0.0.1:{port}"))).await;
    assert_eq!(kind, ErrorKind::Unavailable, "{text}");
    assert!(text.contains(&format!("describe stream \"orders\" at http://127.0.0.1:{port}")), "{text}");
}

#[tokio::test]
async fn a_shard_that_the_stream_never_had_is_named() {
    let source = KinesisSource::builder("orders").client(local().client()).start_shard("shardId-0", "1");
    let (kind, text) = refusal(source).await;
    assert_eq!(kind, ErrorKind::Invalid);
    let named = "start_shard \"shardId-0\": stream \"orders\" has no such shard; it has shardId-000000000000";
    assert!(text.starts_with(named), "{text}");
}

#[tokio::test]
async fn a_stream_that_stays_creating_is_an_error_in_bounded_time() {
    let local = LocalKinesis::builder().create_delay(Duration::from_hours(1)).build();
    let client = local.client();
    client.create_stream().stream_name("orders").shard_count(1).send().await.unwrap();
    let source = KinesisSource::builder("orders").client(client).active_timeout(Duration::from_millis(600));
    let (kind, text) = refusal(source).await;
    assert_eq!(kind, ErrorKind::NotReady);
    assert!(text.contains("it is CREATING"), "{text}");
}

#[tokio::test]
async fn an_arn_of_another_region_is_named() {
    let local = local();
    let arn = local.stream_arn("orders").unwrap();
    assert!(KinesisSource::builder(arn.clone()).client(local.client()).connect().await.is_ok());
    let elsewhere = arn.replace(local.region().as_ref(), "mars-north-1");
    let (kind, text) = refusal(KinesisSource::builder(elsewhere).client(local.client())).await;
    assert_eq!(kind, ErrorKind::Invalid);
    assert!(text.contains("mars-north-1"), "{text}");
}

/// Sets what cannot be.
type Setting = fn(KinesisSourceBuilder) -> KinesisSourceBuilder;

#[tokio::test]
async fn a_setting_out_of_range_is_named_with_its_range() {
    let settings: [(Setting, &str); 15] = [
        (|source| source.record_limit(0), "record_limit 0: 1 to 10,000"),
        (|source| source.record_limit(10_001), "record_limit 10001: 1 to 10,000"),
        (|source| source.shard_fetch_rate(5.1), "shard_fetch_rate 5.1: 0.001 to 5"),
        (|source| source.shard_fetch_rate(0.0), "shard_fetch_rate 0"),
        (|source| source.shard_fetch_rate(f64::NAN), "shard_fetch_rate NaN"),
        (|source| source.shard_fetch_rate(1e-30), "shard_fetch_rate 0.000"),
        (|source| source.sleep_time_no_records(Duration::MAX), "sleep_time_no_records"),
        (|source| source.create_stream(0), "create_stream = 0"),
        (|source| source.create_stream(u32::MAX), "create_stream = 4294967295"),
        (|source| source.attempt_timeout(Duration::MAX), "attempt_timeout"),
        (|source| source.attempt_timeout(Duration::ZERO), "attempt_timeout = 0ns: 1 ms to 24 h"),
        (|source| source.connect_timeout(Duration::MAX), "connect_timeout"),
        (|source| source.endpoint_url("not a url"), "endpoint_url = \"not a url\": a URL such as"),
        (|source| source.lease_time(Duration::ZERO), "lease_time"),
        (|source| source.application(""), "application"),
    ];
    for (set, start) in settings {
        let source = set(KinesisSource::builder("orders").client(local().client()));
        let (kind, text) = refusal(source).await;
        assert_eq!(kind, ErrorKind::Invalid);
        assert!(text.starts_with(start), "{text}");
    }
    let (kind, text) = refusal(KinesisSource::builder("or ders").client(local().client())).await;
    assert_eq!(kind, ErrorKind::Invalid);
    assert!(text.starts_with("stream \"or ders\""), "{text}");
}

#[tokio::test]
async fn a_store_that_fails_at_the_start_is_named() {
    let store = headwater::checkpoint::MemoryCheckpoints::new();
    store.outage(true);
    let source = KinesisSource::builder("orders").client(local().client()).checkpoints(store);
    let (_, text) = refusal(source).await;
    assert!(text.contains("start application \"headwater\" on \"orders\""), "{text}");
}
