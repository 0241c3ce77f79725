//! The other flags, one by one.

use std::time::{Duration, Instant};

use headwater_local::{Fault, Faults, Operation};
use headwater_tests::eventually;
use tokio::io::AsyncWriteExt as _;

use super::{endpoint, numbered, put, stored};

#[tokio::test]
async fn the_stream_is_created_unless_it_exists() {
    let endpoint = endpoint(1).await;
    let url = endpoint.endpoint_url();
    let run = |args: &'static [&'static str]| {
        crate::support::Headwater::new(["put"].iter().chain(args)).env("AWS_ENDPOINT_URL", &url).run()
    };
    run(&["new", "x", "--create", "3"]).await.ok();
    run(&["new", "x", "--create", "5"]).await.ok();
    assert_eq!(endpoint.shards("new").unwrap().len(), 3);
    assert_eq!(endpoint.record_count("new").unwrap(), 2);
    run(&["elastic", "x", "--create", "on-demand"]).await.ok();
    assert_eq!(endpoint.shards("elastic").unwrap().len(), 4);
    for wrong in ["0", "-1", "many"] {
        let told = put(&endpoint, ["x", &format!("--create={wrong}")]).run().await.code(2);
        assert!(told.contains("a number of shards from 1, or on-demand, is right"), "{told}");
    }
}

#[tokio::test]
async fn messages_keep_the_rate_that_was_asked_for() {
    let endpoint = endpoint(1).await;
    let begun = Instant::now();
    put(&endpoint, ["--rate", "50"]).input("x\n".repeat(26)).run().await.ok();
    assert!(begun.elapsed() >= Duration::from_millis(450), "{:?}", begun.elapsed());
    assert_eq!(stored(&endpoint).len(), 26);
    let told = put(&endpoint, ["x", "--rate", "0"]).run().await.code(2);
    assert!(told.contains("--rate") && told.contains("such as 500 or 0.5"), "{told}");
}

#[tokio::test]
async fn a_key_has_one_record_in_flight_unless_order_does_not_matter() {
    for (order, calls) in [("key", 50..=50), ("none", 1..=40)] {
        let endpoint = endpoint(1).await;
        let lines = numbered(0..=49);
        put(&endpoint, ["--key", "k", "--order", order]).input(lines).run().await.ok();
        assert_eq!(stored(&endpoint).len(), 50);
        let made = endpoint.counters().calls(Operation::PutRecords);
        assert!(calls.contains(&made), "{order}: {made} calls");
    }
}

#[tokio::test]
async fn a_record_waits_for_company_as_long_as_the_linger_and_the_end_cuts_it_short() {
    let endpoint = endpoint(1).await;
    let mut child = put(&endpoint, ["--key", "k", "--codec", "json-lines", "--linger", "10m"]).spawn();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(b"1\n").await.unwrap();
    // Far longer than it lingers unless told to.
    let begun = Instant::now();
    let late = async || (begun.elapsed() > Duration::from_millis(700)).then_some(());
    eventually("the second line comes late", late).await;
    stdin.write_all(b"2\n").await.unwrap();
    drop(stdin);
    assert!(child.wait().await.unwrap().success());
    assert_eq!(stored(&endpoint), ["1\n2\n"]);
    let told = put(&endpoint, ["x", "--linger", "soon"]).run().await.code(2);
    assert!(told.contains("--linger") && told.contains("a time such as 250ms"), "{told}");
}

#[tokio::test]
async fn no_more_requests_are_on_their_way_than_were_allowed() {
    let endpoint = endpoint(1).await;
    let slow = Fault::delay(Duration::from_millis(200)).on(Operation::PutRecords);
    endpoint.faults().set(Faults::seeded(7).add(slow));
    let begun = Instant::now();
    put(&endpoint, ["--max-in-flight", "1", "--unlimited"]).input("x\n".repeat(2_000)).run().await.ok();
    // Four requests at least, one after the other.
    assert!(begun.elapsed() >= Duration::from_millis(800), "{:?}", begun.elapsed());
    assert_eq!(stored(&endpoint).len(), 2_000);
}

#[tokio::test]
async fn a_wrong_number_or_time_is_named() {
    let endpoint = endpoint(1).await;
    for (flag, told) in [
        ("--max-in-flight=0", "a number from 1 on is right"),
        ("--retry-limit=-1", "--retry-limit <N>"),
        ("--time-to-live=0s", "--time-to-live = 0"),
        ("--order=shard", "[possible values: key, none]"),
    ] {
        let said = put(&endpoint, ["x", flag]).run().await.code(2);
        assert!(said.contains(told), "{said}");
    }
}

#[tokio::test]
async fn a_receipt_says_where_each_line_is_stored() {
    let endpoint = endpoint(1).await;
    let put = put(&endpoint, ["--key", "k", "--codec", "kpl-string", "--receipts"]).input("a\nb\n");
    let receipts = put.run().await.json_lines();
    let record = &endpoint.records("s").unwrap()[0];
    for (number, receipt) in receipts.iter().enumerate() {
        assert_eq!(receipt["line"], number + 1);
        assert_eq!(receipt["shard"], record.shard_id);
        assert_eq!(receipt["sequence"], record.sequence_number);
        assert_eq!(receipt["sub_sequence"], number);
        assert_eq!(receipt["attempts"], 1);
    }
    assert_eq!(receipts.len(), 2);
}

#[tokio::test]
async fn help_has_examples_and_the_exit_codes() {
    let help = crate::support::Headwater::new(["put", "--help"]).run().await.ok();
    for told in ["seq 1 100000 | headwater put", "--dead-letter", "3 partly delivered"] {
        assert!(help.contains(told), "{help}");
    }
}
