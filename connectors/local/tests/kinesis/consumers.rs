//! The consumers of a stream.

use std::time::Duration;

use aws_sdk_kinesis::Client;
use aws_sdk_kinesis::primitives::DateTime;
use aws_sdk_kinesis::types::{Consumer, ConsumerStatus};
use headwater_local::{LocalKinesis, Operation};

use crate::{FIRST, client, code};

const DELAY: Duration = Duration::from_secs(10);

async fn register(client: &Client, arn: &str, name: &str) -> Result<Consumer, String> {
    let sent = client.register_stream_consumer().stream_arn(arn).consumer_name(name).send().await;
    match sent {
        Ok(output) => Ok(output.consumer.unwrap()),
        refused => Err(code(refused)),
    }
}

async fn status(client: &Client, arn: &str) -> Result<ConsumerStatus, String> {
    match client.describe_stream_consumer().consumer_arn(arn).send().await {
        Ok(output) => Ok(output.consumer_description.unwrap().consumer_status),
        refused => Err(code(refused)),
    }
}

#[tokio::test(start_paused = true)]
async fn a_consumer_is_created_active_deleted_and_gone() {
    let builder = LocalKinesis::builder().stream("orders", 1).create_delay(DELAY).delete_delay(DELAY);
    let local = builder.build();
    let client = client(&local);
    let arn = local.stream_arn("orders").unwrap();
    let consumer = register(&client, &arn, "c").await.unwrap();
    assert_eq!(consumer.consumer_status, ConsumerStatus::Creating);
    let seconds = consumer.consumer_creation_timestamp.secs();
    assert_eq!(consumer.consumer_arn, format!("{arn}/consumer/c:{seconds}"));
    assert_eq!(status(&client, &consumer.consumer_arn).await.unwrap(), ConsumerStatus::Creating);

    tokio::time::advance(DELAY).await;
    assert_eq!(status(&client, &consumer.consumer_arn).await.unwrap(), ConsumerStatus::Active);
    client.deregister_stream_consumer().consumer_arn(&consumer.consumer_arn).send().await.unwrap();
    assert_eq!(status(&client, &consumer.consumer_arn).await.unwrap(), ConsumerStatus::Deleting);
    assert_eq!(register(&client, &arn, "c").await.unwrap_err(), "ResourceInUseException");

    tokio::time::advance(DELAY).await;
    assert_eq!(status(&client, &consumer.consumer_arn).await.unwrap_err(), "ResourceNotFoundException");
    register(&client, &arn, "c").await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_consumer_is_named_by_its_arn_or_by_its_stream_and_name() {
    let local = LocalKinesis::builder().stream("orders", 1).stream("others", 1).build();
    let client = client(&local);
    let stream = local.stream_arn("orders").unwrap();
    let others = local.stream_arn("others").unwrap();
    let first = register(&client, &stream, "c").await.unwrap().consumer_arn;
    let describe = |stream: Option<&str>, name: Option<&str>, arn: Option<&str>| {
        let call = client.describe_stream_consumer().set_stream_arn(stream.map(str::to_owned));
        let call = call.set_consumer_name(name.map(str::to_owned)).set_consumer_arn(arn.map(str::to_owned));
        async move { call.send().await.map(|output| output.consumer_description.unwrap()) }
    };
    for (of_stream, name, arn) in [
        (None, None, Some(&*first)),
        (Some(&*stream), Some("c"), None),
        (Some(&stream), Some("c"), Some(&first)),
    ] {
        let described = describe(of_stream, name, arn).await.unwrap();
        assert_eq!(described.consumer_arn, first);
        assert_eq!(described.consumer_name, "c");
        assert_eq!(described.stream_arn, stream);
    }
    for (of_stream, name, arn, expected) in [
        (Some(&*others), Some("c"), Some(&*first), "InvalidArgumentException"),
        (Some(&stream), Some("d"), Some(&first), "InvalidArgumentException"),
        (Some(&stream), None, None, "InvalidArgumentException"),
        (None, None, None, "InvalidArgumentException"),
        (Some(&stream), Some("d"), None, "ResourceNotFoundException"),
        (Some(&others), Some("c"), None, "ResourceNotFoundException"),
        (None, None, Some("nonsense"), "ValidationException"),
    ] {
        assert_eq!(code(describe(of_stream, name, arn).await), expected, "{of_stream:?} {name:?} {arn:?}");
    }

    // A consumer of the same name that came later is another one.
    client.deregister_stream_consumer().stream_arn(&stream).consumer_name("c").send().await.unwrap();
    tokio::time::advance(DELAY).await;
    let second = register(&client, &stream, "c").await.unwrap().consumer_arn;
    assert_eq!(code(describe(None, None, Some(&first)).await), "ResourceNotFoundException");
    let deregister = |arn: &str| client.deregister_stream_consumer().consumer_arn(arn).send();
    assert_eq!(code(deregister(&first).await), "ResourceNotFoundException");
    deregister(&second).await.unwrap();
    assert_eq!(code(deregister(&second).await), "ResourceNotFoundException");
}

#[tokio::test]
async fn a_stream_has_at_most_twenty_consumers_of_different_names() {
    let local = LocalKinesis::builder().stream("orders", 1).stream("others", 1).build();
    let client = client(&local);
    let arn = local.stream_arn("orders").unwrap();
    for index in 0..20 {
        register(&client, &arn, &format!("c{index}")).await.unwrap();
    }
    assert_eq!(register(&client, &arn, "one-too-many").await.unwrap_err(), "LimitExceededException");
    assert_eq!(register(&client, &arn, "c0").await.unwrap_err(), "ResourceInUseException");
    register(&client, &local.stream_arn("others").unwrap(), "c0").await.unwrap();
    client.deregister_stream_consumer().stream_arn(&arn).consumer_name("c7").send().await.unwrap();
    register(&client, &arn, "one-more").await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn at_most_five_consumers_are_created_at_a_time() {
    let local = LocalKinesis::builder().stream("orders", 1).create_delay(DELAY).build();
    let client = client(&local);
    let arn = local.stream_arn("orders").unwrap();
    for index in 0..5 {
        register(&client, &arn, &format!("c{index}")).await.unwrap();
    }
    assert_eq!(register(&client, &arn, "c5").await.unwrap_err(), "LimitExceededException");
    tokio::time::advance(DELAY).await;
    register(&client, &arn, "c5").await.unwrap();
}

#[tokio::test]
async fn only_a_stream_that_serves_takes_consumers_and_only_well_formed_names() {
    let local = LocalKinesis::builder().stream("orders", 1).create_delay(DELAY).build();
    let client = client(&local);
    let arn = local.stream_arn("orders").unwrap();
    for name in ["", "a b", "é", &"x".repeat(129)] {
        assert_eq!(register(&client, &arn, name).await.unwrap_err(), "ValidationException", "{name:?}");
    }
    register(&client, &arn, &"x".repeat(128)).await.unwrap();
    let missing = arn.replace("orders", "missing");
    assert_eq!(register(&client, &missing, "c").await.unwrap_err(), "ResourceNotFoundException");
    client.create_stream().stream_name("young").shard_count(1).send().await.unwrap();
    let young = local.stream_arn("young").unwrap();
    assert_eq!(register(&client, &young, "c").await.unwrap_err(), "ResourceInUseException");
}

#[tokio::test(start_paused = true)]
async fn consumers_are_listed_in_pages() {
    let local = LocalKinesis::builder().stream("orders", 1).stream("others", 1).build();
    let client = client(&local);
    let arn = local.stream_arn("orders").unwrap();
    for index in 0..5 {
        local.register_consumer("orders", &format!("c{index}")).unwrap();
    }
    let all = client.list_stream_consumers().stream_arn(&arn).send().await.unwrap();
    assert_eq!((all.consumers().len(), all.next_token()), (5, None));
    let mut names = Vec::new();
    let mut sizes = Vec::new();
    let mut token: Option<String> = None;
    let mut first_token = None;
    loop {
        let call = client.list_stream_consumers().stream_arn(&arn).max_results(2);
        let page = call.set_next_token(token).send().await.unwrap();
        sizes.push(page.consumers().len());
        names.extend(page.consumers().iter().map(|consumer| consumer.consumer_name().to_owned()));
        token = page.next_token;
        first_token = first_token.or(token.clone());
        if token.is_none() {
            break;
        }
    }
    assert_eq!(sizes, [2, 2, 1]);
    assert_eq!(names, ["c0", "c1", "c2", "c3", "c4"]);

    let token = first_token.unwrap();
    let list = || client.list_stream_consumers();
    let others = list().stream_arn(local.stream_arn("others").unwrap()).next_token(&token).send().await;
    assert_eq!(code(others), "InvalidArgumentException");
    let stamped = list().stream_arn(&arn).next_token(&token);
    let stamped = stamped.stream_creation_timestamp(DateTime::from_secs(0)).send().await;
    assert_eq!(code(stamped), "InvalidArgumentException");
    assert_eq!(code(list().stream_arn(&arn).max_results(0).send().await), "ValidationException");
    tokio::time::advance(Duration::from_mins(5)).await;
    let late = list().stream_arn(&arn).next_token(&token).send().await;
    assert_eq!(code(late), "ExpiredNextTokenException");
}

#[tokio::test]
async fn a_stream_with_consumers_is_deleted_only_with_them() {
    let local = LocalKinesis::builder().stream("orders", 1).build();
    let client = client(&local);
    let consumer = local.register_consumer("orders", "c").unwrap();
    let delete = |enforce| {
        let call = client.delete_stream().stream_name("orders");
        call.set_enforce_consumer_deletion(enforce).send()
    };
    assert_eq!(code(delete(None).await), "ResourceInUseException");
    assert_eq!(code(delete(Some(false)).await), "ResourceInUseException");
    local.put("orders", "k", "still there").unwrap();
    delete(Some(true)).await.unwrap();
    assert_eq!(status(&client, &consumer).await.unwrap_err(), "ResourceNotFoundException");
}

#[tokio::test]
async fn consumers_and_their_calls_are_counted() {
    let local = LocalKinesis::builder().stream("orders", 2).build();
    let client = client(&local);
    let arn = local.stream_arn("orders").unwrap();
    let consumer = register(&client, &arn, "c").await.unwrap().consumer_arn;
    register(&client, &arn, "d").await.unwrap();
    register(&client, &arn, "d").await.unwrap_err();
    let summary = client.describe_stream_summary().stream_name("orders").send().await.unwrap();
    let summary = summary.stream_description_summary.unwrap();
    assert_eq!((summary.consumer_count, summary.open_shard_count), (Some(2), 2));

    let from = crate::fanout::trim_horizon();
    let call = client.subscribe_to_shard().consumer_arn(&consumer).shard_id(FIRST).starting_position(from);
    let _events = call.send().await.unwrap();
    let consumers = local.consumers("orders").unwrap();
    let seen: Vec<_> =
        consumers.iter().map(|each| (&*each.name, each.is_active, each.subscriptions)).collect();
    assert_eq!(seen, [("c", true, 1), ("d", true, 0)]);
    assert_eq!(consumers[0].arn, consumer);
    assert_eq!(local.subscription_count("orders").unwrap(), 1);
    assert_eq!(local.counters().calls(Operation::RegisterStreamConsumer), 3);
    assert_eq!(local.counters().refused(Operation::RegisterStreamConsumer), 1);
    assert_eq!(local.counters().calls(Operation::SubscribeToShard), 1);
}
