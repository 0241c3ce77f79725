//! The policies of the docs, and the calls that each mode makes.

use std::collections::BTreeSet;
use std::time::Duration;

use futures::{SinkExt, StreamExt};
use headwater::Message;
use headwater_kinesis::KinesisSink;
use headwater_local::{ErrorCode, Fault, Faults, LocalKinesis, Operation};
use serde_json::Value;

use crate::numbered::{filled, orders};

const DOCS: &str = include_str!("../../../docs/iam.md");

/// The actions on Kinesis that the policy under a heading allows.
fn policy(heading: &str) -> BTreeSet<String> {
    let (_, section) = DOCS.split_once(&format!("\n## {heading}\n")).expect("there is such a section");
    let (_, policy) = section.split_once("```json\n").expect("it has a policy");
    let (policy, _) = policy.split_once("```").expect("which ends");
    let policy: Value = serde_json::from_str(policy).expect("a policy is JSON");
    let statements = policy["Statement"].as_array().expect("it has statements");
    let actions = statements.iter().flat_map(|statement| statement["Action"].as_array().expect("of actions"));
    actions.map(|action| action.as_str().expect("each a text").to_owned()).collect()
}

/// What was called, as IAM calls it.
fn called(local: &LocalKinesis) -> BTreeSet<String> {
    let called = Operation::ALL.into_iter().filter(|operation| local.counters().calls(*operation) > 0);
    called.map(|operation| format!("kinesis:{}", operation.name())).collect()
}

#[tokio::test(start_paused = true)]
async fn polling_makes_the_calls_of_its_policy_and_no_others() {
    let local = filled(LocalKinesis::builder(), 2, 20);
    let mut source = orders(&local).connect().await.unwrap();
    source.next().await.expect("there are records").unwrap().ack();
    assert_eq!(called(&local), policy("Read"));
}

#[tokio::test(start_paused = true)]
async fn fan_out_makes_the_calls_of_its_policy_and_no_others() {
    let local = filled(LocalKinesis::builder(), 2, 20);
    let source = orders(&local).fan_out("reader").connect().await.unwrap();
    let fan_out = source.fan_out().expect("it was asked for");
    // Shards are polled while they cannot be subscribed to.
    let refused = Fault::fail_calls(ErrorCode::InternalFailure).on(Operation::SubscribeToShard).times(6);
    local.faults().set(Faults::seeded(1).add(refused));
    let reading = source.for_each(async |message| message.unwrap().ack());
    let _ended = tokio::time::timeout(Duration::from_mins(10), reading).await;
    assert!(fan_out.deregister().await.unwrap(), "it registered the consumer");
    assert_eq!(called(&local), policy("Read by enhanced fan-out"));
}

#[tokio::test(start_paused = true)]
async fn a_sink_makes_the_calls_of_its_policy_and_no_others() {
    let local = LocalKinesis::builder().stream("orders", 2).build();
    let mut sink = KinesisSink::builder("orders").client(local.client()).connect().await.unwrap();
    sink.send(Message::keyed("1".into(), "key")).await.unwrap();
    sink.close().await.unwrap();
    assert_eq!(called(&local), policy("Write"));
}

#[tokio::test(start_paused = true)]
async fn who_creates_a_stream_makes_the_calls_of_both_policies_and_no_others() {
    let local = LocalKinesis::new();
    let mut sink =
        KinesisSink::builder("orders").client(local.client()).create_stream(1).connect().await.unwrap();
    sink.send(Message::keyed("1".into(), "key")).await.unwrap();
    sink.close().await.unwrap();
    let both = policy("Create the stream").into_iter().chain(policy("Write")).collect();
    assert_eq!(called(&local), both);
}
