//! Who asks, where, and what they may do.

use headwater_local::{ErrorCode, Fault, Faults, LocalKinesis, Operation};

use crate::doctor::orders::{doctor, orders};
use crate::doctor::told::Told;
use crate::support::Headwater;

#[tokio::test]
async fn an_action_that_is_denied_is_named_with_what_allows_it() {
    let server = orders().await;
    let arn = server.stream_arn("orders").unwrap();
    for (operation, resource) in [
        (Operation::DescribeStreamSummary, "orders"),
        (Operation::ListShards, &arn),
        (Operation::GetShardIterator, &arn),
        (Operation::GetRecords, &arn),
        (Operation::PutRecords, &arn),
    ] {
        server.faults().set(Faults::seeded(0).add(Fault::fail_calls(ErrorCode::AccessDenied).on(operation)));
        let action = format!("kinesis:{}", operation.name());
        let told = Told::by(doctor(&server, &[])).await;
        told.found_only(&action, "AccessDenied", &format!("allow {action} on "));
        told.found(&action, "", resource);
    }
}

#[tokio::test]
async fn an_action_that_the_mode_does_not_need_is_not_tried() {
    for (mode, unneeded) in [("read", Operation::PutRecords), ("write", Operation::GetRecords)] {
        let server = orders().await;
        Told::by(doctor(&server, &["--mode", mode])).await.nothing_found();
        assert_eq!(server.counters().calls(unneeded), 0, "{mode}");
    }
}

#[tokio::test]
async fn credentials_that_nobody_knows_are_found_and_never_told() {
    let server = LocalKinesis::builder().stream("orders", 1).deny_access_key("AKIADENIED1234");
    let server = server.serve().await.unwrap();
    let with_keys = |key: &str| {
        let headwater = doctor(&server, &["-vvv"]).env("AWS_ACCESS_KEY_ID", key);
        headwater.env("AWS_SECRET_ACCESS_KEY", "s3cr3t-key").env("AWS_SESSION_TOKEN", "s3cr3t-token")
    };
    let told = Told::by(with_keys("AKIADENIED1234").env("AWS_REGION", "us-east-1")).await;
    told.found_only("kinesis:DescribeStreamSummary", "UnrecognizedClient", "AWS_PROFILE");
    assert_eq!(told.seen("credentials"), "from the environment, access key …1234, of a session");

    let done = with_keys("AKIAKNOWN5678").env("AWS_REGION", "us-east-1").run().await;
    assert!(
        !done.stdout.contains("s3cr3t") && !done.stderr.contains("s3cr3t"),
        "{}{}",
        done.stdout,
        done.stderr
    );
    assert!(done.ok().contains("…5678"));
}

#[tokio::test]
async fn who_has_neither_credentials_nor_a_region_is_told_how_to_come_by_them() {
    let told = Told::by(Headwater::new(["doctor", "orders"])).await;
    told.found("region", "none", "AWS_REGION");
    told.found("credentials", "environment", "AWS_ACCESS_KEY_ID");
}

#[tokio::test]
async fn a_stream_of_another_region_is_found() {
    let server = LocalKinesis::builder().region("eu-west-1").stream("orders", 1).serve().await.unwrap();
    let told = Told::by(doctor(&server, &["--region", "us-east-1"])).await;
    told.found_only("stream region", "us-east-1", "--region eu-west-1");
    Told::by(doctor(&server, &["--region", "eu-west-1"])).await.nothing_found();

    let arn = server.stream_arn("orders").unwrap();
    let url = server.endpoint_url();
    let by_arn = Headwater::new(["doctor", &arn, "--endpoint-url", &url, "--region", "us-east-1"]);
    Told::by(by_arn).await.found_only("region", "eu-west-1", "--region eu-west-1");
    let by_arn = Headwater::new(["doctor", &arn, "--endpoint-url", &url, "--region", "eu-west-1"]);
    Told::by(by_arn).await.nothing_found();
}

#[tokio::test]
async fn a_stream_that_there_is_not_is_found_and_so_is_one_that_is_not_there_yet() {
    let server =
        LocalKinesis::builder().create_delay(std::time::Duration::from_hours(1)).serve().await.unwrap();
    let told = Told::by(doctor(&server, &[])).await;
    told.found_only("kinesis:DescribeStreamSummary", "orders", "headwater list");
    server.client().create_stream().stream_name("orders").shard_count(1).send().await.unwrap();
    let told = Told::by(doctor(&server, &[])).await;
    told.found_only("stream", "CREATING", "wait");
}

#[tokio::test]
async fn an_endpoint_that_does_not_answer_is_found() {
    let server = orders().await;
    let headwater = doctor(&server, &[]);
    server.stop().await;
    Told::by(headwater).await.found_only("kinesis:DescribeStreamSummary", "", "--endpoint-url");
}

#[tokio::test]
async fn consumers_that_nobody_named_are_found_and_those_that_are_named_are_tried() {
    let server = orders().await;
    server.register_consumer("orders", "billing").unwrap();
    let told = Told::by(doctor(&server, &[])).await;
    told.found_only("consumer billing", "nobody named it", "--fan-out billing");
    told.found("consumer billing", "ACTIVE", "deregister-stream-consumer");

    let told = Told::by(doctor(&server, &["--fan-out", "billing", "--fan-out", "audit"])).await;
    told.nothing_found();
    assert_eq!(told.verdict("kinesis:SubscribeToShard"), "ok");
    assert_eq!(told.verdict("kinesis:RegisterStreamConsumer"), "not-checked");
    let refused = server.counters().refused(Operation::SubscribeToShard);
    assert_eq!(refused, 1, "a dry run takes no subscription from who has it");

    for other in 1..20 {
        server.register_consumer("orders", &format!("c{other}")).unwrap();
    }
    Told::by(doctor(&server, &[])).await.found("consumers", "20 of 20", "no more");
}

#[tokio::test]
async fn a_subscription_that_is_denied_is_found() {
    let server = orders().await;
    server.register_consumer("orders", "billing").unwrap();
    for operation in [Operation::SubscribeToShard, Operation::DescribeStreamConsumer] {
        server.faults().set(Faults::seeded(0).add(Fault::fail_calls(ErrorCode::AccessDenied).on(operation)));
        let action = format!("kinesis:{}", operation.name());
        let told = Told::by(doctor(&server, &["--fan-out", "billing"])).await;
        told.found_only(&action, "AccessDenied", "stream/orders/consumer/*");
    }
}

#[tokio::test]
async fn a_look_that_nothing_else_needs_may_be_denied() {
    let server = orders().await;
    let denied = Fault::fail_calls(ErrorCode::AccessDenied).on(Operation::ListStreamConsumers);
    server.faults().set(Faults::seeded(0).add(denied));
    let told = Told::by(doctor(&server, &[])).await;
    told.nothing_found();
    assert_eq!(told.verdict("consumers"), "not-checked");
}
