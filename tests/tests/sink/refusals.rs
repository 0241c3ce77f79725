//! What can never succeed is tried once and said once.

use futures::SinkExt;
use headwater::{ErrorKind, Message};
use headwater_kinesis::codec::{self, Kpl};
use headwater_kinesis::{KinesisSink, KinesisSinkBuilder};
use headwater_local::{ErrorCode, Fault, Faults, LocalKinesis, Operation};

use crate::ledger::{one_of, owing};

fn orders(local: &LocalKinesis) -> KinesisSinkBuilder {
    KinesisSink::builder("orders").client(local.client())
}

fn fail(local: &LocalKinesis, code: ErrorCode) {
    local.faults().set(Faults::seeded(1).add(Fault::fail_calls(code)));
}

#[tokio::test(start_paused = true)]
async fn a_missing_stream_is_found_missing_in_one_call() {
    let local = LocalKinesis::new();
    let error = orders(&local).connect().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound, "{error}");
    assert!(error.to_string().contains("\"orders\""), "{error}");
    assert_eq!(local.counters().total_calls(), 1);
}

#[tokio::test(start_paused = true)]
async fn denied_access_is_told_after_one_call() {
    for code in [ErrorCode::AccessDenied, ErrorCode::UnrecognizedClient] {
        let local = LocalKinesis::builder().stream("orders", 2).build();
        fail(&local, code);
        let error = orders(&local).connect().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AccessDenied, "{error}");
        assert!(
            error.to_string().contains("\"orders\"") && error.to_string().contains(code.name()),
            "{error}"
        );
        assert_eq!(local.counters().total_calls(), 1, "{code}");
    }
}

/// Sends one message to a stream that refuses every call with `code`: one call, one error, nothing retried.
async fn one_message_is_refused_once(code: ErrorCode, kind: ErrorKind) {
    let local = LocalKinesis::builder().stream("orders", 2).build();
    let mut sink = orders(&local).connect().await.unwrap();
    let before = local.counters().total_calls();
    fail(&local, code);
    let error = sink.send(Message::keyed("1".into(), "customer-7")).await.unwrap_err();
    assert_eq!(error.kind(), kind, "{error}");
    assert!(error.to_string().contains("\"orders\"") && error.to_string().contains(code.name()), "{error}");
    assert_eq!(local.counters().calls(Operation::PutRecords), 1, "{code}");
    assert_eq!(local.counters().total_calls(), before + 1, "{code}: and no other call");
    assert_eq!(sink.status().retried(), 0, "{code}");
    assert_eq!(error.into_undelivered().len(), 1, "{code}");

    // The sink has ended and says so without another call.
    let error = sink.send(Message::keyed("2".into(), "customer-7")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Closed, "{error}");
    assert_eq!(local.counters().total_calls(), before + 1, "{code}");
}

#[tokio::test(start_paused = true)]
async fn a_fatal_error_fails_fast_no_more_than_one_call_per_request() {
    one_message_is_refused_once(ErrorCode::AccessDenied, ErrorKind::AccessDenied).await;
    one_message_is_refused_once(ErrorCode::UnrecognizedClient, ErrorKind::AccessDenied).await;
    one_message_is_refused_once(ErrorCode::ResourceNotFound, ErrorKind::NotFound).await;
    one_message_is_refused_once(ErrorCode::Validation, ErrorKind::Invalid).await;
}

#[tokio::test(start_paused = true)]
async fn a_fatal_error_hands_back_every_message_of_every_aggregate_once() {
    let local = LocalKinesis::builder().stream("orders", 4).build();
    let sink = orders(&local).connect().await.unwrap();
    let status = sink.status();
    let mut sink = sink.encode(codec::Codec::new(Kpl, codec::Raw));
    fail(&local, ErrorCode::AccessDenied);
    let (tracker, messages) = owing(5_000, one_of(100));
    let mut handed_back = Vec::new();
    for message in messages {
        if let Err(error) = sink.feed(message).await {
            handed_back.extend(error.into_undelivered());
        }
    }
    if let Err(error) = sink.close().await {
        handed_back.extend(error.into_undelivered());
    }
    let mut numbers: Vec<u32> = handed_back.iter().map(number).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (0..5_000).collect::<Vec<_>>(), "each once, as it was sent");
    assert!(local.counters().calls(Operation::PutRecords) <= 4, "one call for each request in flight");
    assert_eq!(status.retried(), 0);
    assert_eq!(tracker.in_flight(), 5_000, "none is acked");
}

fn number(undelivered: &headwater::Undelivered) -> u32 {
    std::str::from_utf8(undelivered.message().payload()).unwrap().parse().unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_is_deleted_is_told_after_one_call() {
    let local = LocalKinesis::builder().stream("orders", 2).build();
    let mut sink = orders(&local).connect().await.unwrap();
    local.delete_stream("orders").unwrap();
    let before = local.counters().total_calls();
    let error = sink.send(Message::keyed("1".into(), "customer-7")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound, "{error}");
    assert_eq!(local.counters().total_calls(), before + 1);
    assert_eq!(error.into_undelivered().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_bad_key_fails_its_message_alone_and_makes_no_call() {
    let local = LocalKinesis::builder().stream("orders", 2).build();
    let mut sink = orders(&local).connect().await.unwrap();
    let before = local.counters().total_calls();
    for (key, chars) in [(String::new(), 0), ("k".repeat(257), 257), ("é".repeat(257), 257)] {
        let error = sink.feed(Message::keyed("1".into(), key)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid, "{error}");
        let text = format!("a partition key of {chars} characters: 1 to 256 are allowed");
        assert!(error.to_string().contains("\"orders\"") && error.to_string().contains(&text), "{error}");
        assert_eq!(error.into_undelivered().len(), 1);
    }
    assert_eq!(local.counters().total_calls(), before);
    sink.send(Message::keyed("2".into(), "k".repeat(256))).await.unwrap();
    assert_eq!(local.record_count("orders").unwrap(), 1, "the sink goes on");
}
