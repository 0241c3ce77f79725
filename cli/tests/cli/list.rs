//! `headwater list`.

use headwater_local::{ErrorCode, Fault, Faults, LocalKinesis, Operation, Server as Local};
use headwater_tests::Server;

use crate::support::Headwater;

fn list<const ARGS: usize>(endpoint: &Local, args: [&str; ARGS]) -> Headwater {
    Headwater::new(["list"].into_iter().chain(args)).env("AWS_ENDPOINT_URL", endpoint.endpoint_url())
}

#[tokio::test]
async fn every_stream_is_listed_with_its_open_shards() {
    let endpoint = LocalKinesis::builder().stream("orders", 12).stream("bills", 1).serve().await.unwrap();
    endpoint.split_shard("bills", "shardId-000000000000").unwrap();
    let table = list(&endpoint, []).run().await.ok();
    assert_eq!(
        table,
        "STREAM  STATUS  MODE         OPEN SHARDS\n\
         bills   ACTIVE  PROVISIONED            2\n\
         orders  ACTIVE  PROVISIONED           12\n"
    );
    let listed = list(&endpoint, ["--output", "json"]).run().await.json_lines();
    assert_eq!(
        (listed[0]["stream_name"].as_str(), listed[0]["open_shard_count"].as_i64()),
        (Some("bills"), Some(2))
    );
    assert_eq!(
        (&listed[1]["stream_status"], &listed[1]["stream_mode"]),
        (&"ACTIVE".into(), &"PROVISIONED".into())
    );
    assert!(listed[1]["stream_arn"].as_str().unwrap().ends_with(":stream/orders"));
}

#[tokio::test]
async fn streams_are_listed_over_all_pages() {
    let mut endpoint = LocalKinesis::builder();
    for number in 0..250 {
        endpoint = endpoint.stream(format!("stream-{number:03}"), 1);
    }
    let endpoint = endpoint.serve().await.unwrap();
    let names: Vec<_> = list(&endpoint, ["-o", "json"]).run().await.json_lines();
    let names: Vec<_> =
        names.iter().map(|stream| stream["stream_name"].as_str().unwrap().to_owned()).collect();
    let expected: Vec<_> = (0..250).map(|number| format!("stream-{number:03}")).collect();
    assert_eq!(names, expected);
}

#[tokio::test]
async fn a_stream_that_one_may_not_describe_is_listed_all_the_same() {
    let endpoint = LocalKinesis::builder().stream("orders", 2).serve().await.unwrap();
    let denied = Fault::fail_calls(ErrorCode::AccessDenied).on(Operation::DescribeStreamSummary);
    endpoint.faults().set(Faults::seeded(7).add(denied));
    let told = list(&endpoint, []).run().await;
    assert!(told.stderr.contains("the open shards of 1 stream are unknown: describe stream \"orders\""));
    let row = told.stdout.lines().nth(1).unwrap();
    assert!(row.starts_with("orders") && row.ends_with('-'), "{row}");
    told.ok();
}

#[tokio::test]
async fn a_throttled_description_is_waited_out() {
    let endpoint = LocalKinesis::builder().stream("orders", 2).serve().await.unwrap();
    let busy = Fault::fail_calls(ErrorCode::LimitExceeded).on(Operation::DescribeStreamSummary).times(2);
    endpoint.faults().set(Faults::seeded(7).add(busy));
    let listed = list(&endpoint, ["--output", "json"]).run().await.json_lines();
    assert_eq!(listed[0]["open_shard_count"], 2);
}

#[tokio::test]
async fn a_reader_that_goes_away_is_no_failure() {
    let mut endpoint = LocalKinesis::builder();
    for number in 0..50 {
        endpoint = endpoint.stream(format!("{}-{number:03}", "long".repeat(30)), 1);
    }
    let endpoint = endpoint.serve().await.unwrap();
    let mut child = list(&endpoint, ["--output", "json"]).spawn();
    drop(child.stdout.take());
    let output = child.wait_with_output().await.unwrap();
    assert_eq!((output.status.code(), String::from_utf8(output.stderr).unwrap().as_str()), (Some(0), ""));
}

#[tokio::test]
async fn what_keeps_it_from_listing_is_told() {
    let endpoint = LocalKinesis::builder().serve().await.unwrap();
    endpoint.deny_access_key("AKIADENIED");
    let denied = list(&endpoint, []).env("AWS_ACCESS_KEY_ID", "AKIADENIED").env("AWS_REGION", "us-east-1");
    let told = denied.env("AWS_SECRET_ACCESS_KEY", "a-secret").run().await.code(1);
    assert!(told.contains("list streams: UnrecognizedClientException"), "{told}");
    assert!(told.contains("--profile chooses other credentials") && !told.contains("a-secret"), "{told}");

    let told = Headwater::new(["list"]).run().await.code(2);
    assert!(told.contains("no region is set: --region, AWS_REGION or a profile names one"), "{told}");
    let told = list(&endpoint, ["--output", "yaml"]).run().await.code(2);
    assert!(told.contains("[possible values: table, json]"), "{told}");
}

#[tokio::test]
async fn streams_of_every_server_are_listed() {
    for server in [Server::Local, Server::Kinesalite, Server::KinesisLocal] {
        let endpoint = server.shared();
        let stream = endpoint.create_stream("listed", 3).await;
        let listed = Headwater::at(endpoint, ["list", "--output", "json"]).run().await.json_lines();
        let listed = listed.iter().find(|listed| listed["stream_name"] == stream.name());
        let listed = listed.unwrap_or_else(|| panic!("{server} lists it"));
        assert_eq!(listed["open_shard_count"], 3, "{server}");
        assert_eq!(listed["stream_status"], "ACTIVE", "{server}");
    }
}
