//! `headwater local`.

use std::net::TcpListener;

use aws_sdk_kinesis::error::ProvideErrorMetadata as _;
use aws_sdk_kinesis::types::PutRecordsRequestEntry;

use crate::support::{Headwater, RunningLocal};

async fn local(flags: &[&str]) -> RunningLocal {
    RunningLocal::start(Headwater::new([&["local", "--port", "0"], flags].concat())).await
}

#[tokio::test]
async fn its_url_is_all_of_standard_output_and_leads_to_its_streams() {
    let local = local(&["--stream", "orders:4", "invoices", "--stream", "audit:2"]).await;
    assert!(local.url().starts_with("http://127.0.0.1:"), "{}", local.url());
    let client = local.client();
    for (stream, shards) in [("orders", 4), ("invoices", 1), ("audit", 2)] {
        let listed = client.list_shards().stream_name(stream).send().await.unwrap();
        assert_eq!(listed.shards().len(), shards, "{stream}");
    }
    let hint = format!("headwater tail orders --from horizon --endpoint-url {}", local.url());
    let (_, printed, told) = local.end_by("INT").await;
    assert_eq!(printed, [""; 0]);
    assert!(told.contains(&hint), "{told}");
}

#[tokio::test]
async fn ctrl_c_ends_it_with_130_and_sigterm_with_0() {
    for (signal, code) in [("INT", 130), ("TERM", 0)] {
        let (status, _, told) = local(&[]).await.end_by(signal).await;
        assert_eq!(status.code(), Some(code), "{told}");
    }
}

#[tokio::test]
async fn a_port_in_use_is_named_with_the_way_out() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let told = Headwater::new(["local", "--port", &port]).run().await.code(1);
    assert!(told.contains(&format!("--port {port}")) && told.contains("--port 0"), "{told}");
}

#[tokio::test]
async fn an_address_of_another_machine_is_refused_by_name() {
    let told = Headwater::new(["local", "--host", "192.0.2.1"]).run().await.code(1);
    assert!(told.contains("192.0.2.1") && told.contains("--host"), "{told}");
}

#[tokio::test]
async fn faults_strike_what_they_name() {
    let local =
        local(&["--stream", "orders", "--faults", "seed=1,fail-calls=1:AccessDenied@ListShards"]).await;
    let client = local.client();
    let refused = client.list_shards().stream_name("orders").send().await.unwrap_err();
    assert_eq!(refused.code(), Some("AccessDeniedException"));
    client.describe_stream_summary().stream_name("orders").send().await.unwrap();
}

#[tokio::test]
async fn limits_are_enforced_when_asked_for() {
    let entry = PutRecordsRequestEntry::builder().partition_key("k").data(b"x"[..].into()).build().unwrap();
    let entries = vec![entry; 500];
    for (flags, is_limited) in
        [(&["--stream", "orders"][..], false), (&["--stream", "orders", "--enforce-limits"], true)]
    {
        let local = local(flags).await;
        let mut failed = 0;
        for _ in 0..5 {
            let put = local.client().put_records().stream_name("orders").set_records(Some(entries.clone()));
            failed += put.send().await.unwrap().failed_record_count().unwrap_or(0);
        }
        assert_eq!(failed > 0, is_limited, "{flags:?}: {failed} failed");
    }
}

#[tokio::test]
async fn region_account_and_retention_are_those_that_were_asked_for() {
    let flags =
        ["--stream", "orders", "--region", "eu-west-1", "--account-id", "123456789012", "--retention", "48h"];
    let local = local(&flags).await;
    let described = local.client().describe_stream_summary().stream_name("orders").send().await.unwrap();
    let summary = described.stream_description_summary().unwrap();
    assert_eq!(summary.stream_arn(), "arn:aws:kinesis:eu-west-1:123456789012:stream/orders");
    assert_eq!(summary.retention_period_hours(), 48);
}

#[tokio::test]
async fn what_is_wrong_is_named_with_what_would_be_right() {
    for (flags, named, right) in [
        (["--faults", "hangs=1"], "hangs=1", "fail-entries"),
        (["--stream", "orders:many"], "orders:many", "orders:4"),
        (["--stream", "a b:1"], "a b:1", "[a-zA-Z0-9_.-]+"),
        (["--port", "80000"], "80000", "65535"),
        (["--host", "nowhere"], "--host", "nowhere"),
        (["--retention", "long"], "--retention", "long"),
    ] {
        let told = Headwater::new([&["local"][..], &flags].concat()).run().await.code(2);
        assert!(told.contains(named) && told.contains(right), "{flags:?}: {told}");
    }
}
