//! Registering, describing, listing and deregistering consumers.

use aws_sdk_kinesis::types::{Consumer, ConsumerStatus};
use headwater_tests::{Endpoint, TestStream, eventually, explain};

use crate::answer::{assert_refused, refusal};

pub(crate) async fn a_consumer_is_creating_before_it_is_active(endpoint: &'static Endpoint) {
    let stream = endpoint.create_stream("register", 1).await;
    let registered = register(&stream, "reader").await;
    assert_eq!(registered.consumer_status, ConsumerStatus::Creating);
    active(&stream, &registered.consumer_arn).await;
    stream.delete().await;
}

pub(crate) async fn a_consumer_that_exists_is_not_registered_again(endpoint: &'static Endpoint) {
    let stream = endpoint.create_stream("register-again", 1).await;
    consumer(&stream, "reader").await;
    let again = stream.client().register_stream_consumer().stream_arn(arn(&stream).await);
    assert_refused("register again", again.consumer_name("reader").send().await, "ResourceInUseException");
    stream.delete().await;
}

pub(crate) async fn a_consumer_is_described_by_its_arn_and_by_its_name(endpoint: &'static Endpoint) {
    let stream = endpoint.create_stream("described", 1).await;
    let (stream_arn, consumer_arn) = (arn(&stream).await, consumer(&stream, "reader").await);
    let describe = || stream.client().describe_stream_consumer();
    let by_arn = describe().consumer_arn(&consumer_arn).send().await;
    let by_name = describe().stream_arn(&stream_arn).consumer_name("reader").send().await;
    for described in [by_arn, by_name] {
        let described = described.unwrap_or_else(|error| panic!("describe: {}", explain(&error)));
        let described = described.consumer_description.expect("a description");
        assert_eq!(described.consumer_name, "reader");
        assert_eq!(described.consumer_arn, consumer_arn);
        assert_eq!(described.stream_arn, stream_arn);
    }
    stream.delete().await;
}

pub(crate) async fn a_consumer_keeps_its_arn_to_itself(endpoint: &'static Endpoint) {
    // Its ARN ends with the time of its registration, so that one of the same name later is another.
    let stream = endpoint.create_stream("consumer-arn", 1).await;
    let arn = arn(&stream).await;
    let registered = register(&stream, "reader").await;
    let time = registered.consumer_arn.strip_prefix(&format!("{arn}/consumer/reader:"));
    let time = time.unwrap_or_else(|| panic!("{} is no consumer of {arn}", registered.consumer_arn));
    assert_eq!(time.parse().ok(), Some(registered.consumer_creation_timestamp.secs()));
    stream.delete().await;
}

pub(crate) async fn consumers_are_listed_in_pages(endpoint: &'static Endpoint) {
    let stream = endpoint.create_stream("register-three", 1).await;
    let arn = arn(&stream).await;
    let mut registered = Vec::new();
    for name in ["one", "three", "two"] {
        registered.push(consumer(&stream, name).await);
    }

    let (mut pages, mut token) = (Vec::new(), None);
    loop {
        let list = stream.client().list_stream_consumers().stream_arn(&arn).max_results(2);
        let page = list.set_next_token(token.take()).send().await;
        let page = page.unwrap_or_else(|error| panic!("list: {}", explain(&error)));
        pages.push(page.consumers.unwrap_or_default());
        token = page.next_token;
        if token.is_none() {
            break;
        }
    }
    assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), [2, 1], "the pages");
    let mut listed: Vec<_> = pages.into_iter().flatten().map(|consumer| consumer.consumer_arn).collect();
    listed.sort();
    assert_eq!(listed, registered);
    stream.delete().await;
}

pub(crate) async fn a_deregistered_consumer_is_gone(endpoint: &'static Endpoint) {
    let stream = endpoint.create_stream("deregister", 1).await;
    let (arn, reader) = (arn(&stream).await, consumer(&stream, "reader").await);
    let other = consumer(&stream, "other").await;
    let deregistered = stream.client().deregister_stream_consumer().consumer_arn(&reader).send().await;
    deregistered.unwrap_or_else(|error| panic!("deregister: {}", explain(&error)));

    let gone = eventually("the consumer is gone", async || {
        let described = stream.client().describe_stream_consumer().consumer_arn(&reader).send().await;
        let Ok(described) = described else { return Some(refusal("describe", described)) };
        let status = described.consumer_description.expect("a description").consumer_status;
        assert_eq!(status, ConsumerStatus::Deleting);
        None
    });
    assert_eq!(gone.await, "ResourceNotFoundException");
    let listed = stream.client().list_stream_consumers().stream_arn(&arn).send().await.expect("list");
    assert_eq!(listed.consumers().iter().map(Consumer::consumer_arn).collect::<Vec<_>>(), [other]);
    stream.delete().await;
}

pub(crate) async fn an_unknown_consumer_is_not_found(endpoint: &'static Endpoint) {
    const CODE: &str = "ResourceNotFoundException";
    let stream = endpoint.create_stream("no-consumer", 1).await;
    let arn = arn(&stream).await;
    let described = stream.client().describe_stream_consumer().stream_arn(&arn).consumer_name("nobody");
    assert_refused("describe", described.send().await, CODE);
    let deregistered = stream.client().deregister_stream_consumer().stream_arn(&arn).consumer_name("nobody");
    assert_refused("deregister", deregistered.send().await, CODE);
    stream.delete().await;
}

/// The ARN of a stream.
pub(crate) async fn arn(stream: &TestStream) -> String {
    let summary =
        stream.client().describe_stream_summary().stream_name(stream.name()).send().await.expect("summary");
    summary.stream_description_summary.expect("a summary").stream_arn
}

/// Registers a consumer and waits until it can subscribe. Returns its ARN.
pub(crate) async fn consumer(stream: &TestStream, name: &str) -> String {
    let consumer = register(stream, name).await.consumer_arn;
    active(stream, &consumer).await;
    consumer
}

async fn register(stream: &TestStream, name: &str) -> Consumer {
    let register = stream.client().register_stream_consumer().stream_arn(arn(stream).await);
    let registered = register.consumer_name(name).send().await;
    let registered = registered.unwrap_or_else(|error| panic!("register: {}", explain(&error)));
    registered.consumer.expect("a consumer")
}

async fn active(stream: &TestStream, consumer: &str) {
    eventually("the consumer is active", async || {
        let described = stream.client().describe_stream_consumer().consumer_arn(consumer).send().await;
        let described = described.expect("describe").consumer_description.expect("a description");
        (described.consumer_status == ConsumerStatus::Active).then_some(())
    })
    .await;
}
