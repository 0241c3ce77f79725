//! Endpoints that do not understand CBOR.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use headwater::ErrorKind;
use headwater::batch::{Batch, Entry};
use headwater_local::{LocalKinesis, Operation};

use super::{hostile, orders, put, through};
use crate::Wire;
use crate::spy::{Seen, answer, wire as spied};

#[tokio::test(start_paused = true)]
async fn an_endpoint_that_refuses_cbor_is_spoken_to_in_json_once_and_for_good() {
    let local = LocalKinesis::builder().stream("orders", 2).refuse_cbor().build();
    let mut service = orders(&local, Wire::Cbor);
    let batches = [hostile(1), hostile(2), hostile(3)];
    for batch in &batches {
        let response = put(&mut service.clone(), batch).await.unwrap();
        assert!(response.outcomes().iter().all(Result::is_ok));
    }
    assert!(put(&mut service, &Batch::new(vec![Entry::new("last", "a")])).await.is_ok());
    assert_eq!(local.record_count("orders").unwrap(), 61, "nothing is lost and nothing doubled");
    assert_eq!(local.counters().calls(Operation::PutRecords), 5, "one call is made again");
}

/// Counts the calls in CBOR to an endpoint that answers each of them so, and returns what the sender was told.
async fn told(status: u16, body: &'static str) -> (usize, Option<ErrorKind>) {
    let local = LocalKinesis::builder().stream("orders", 1).build();
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    let http = spied(&local, move |request| {
        if request.headers().get("content-type").unwrap().contains("cbor") {
            counted.fetch_add(1, Ordering::Relaxed);
            answer(status, None, body)
        } else {
            Seen::Through
        }
    });
    let mut service = through(&local, http, Wire::Cbor);
    let batch = Batch::new(vec![Entry::new("one", "a")]);
    let first = put(&mut service, &batch).await.err().map(|error| error.kind());
    assert_eq!(put(&mut service, &batch).await.err().map(|error| error.kind()), first);
    (calls.load(Ordering::Relaxed), first)
}

#[tokio::test(start_paused = true)]
async fn what_endpoints_say_of_a_content_type_that_they_do_not_know_is_understood() {
    for (status, body) in [
        (404, "<UnknownOperationException/>\n"),
        (404, r#"{"__type":"com.amazon.coral.service#UnknownOperationException"}"#),
        (404, ""),
        (406, "no"),
        (415, ""),
        (400, r#"{"__type":"SerializationException"}"#),
        (400, "\u{21}"),
    ] {
        let refused = status != 400 || body.contains("Serialization");
        let expected = if refused { (1, None) } else { (2, Some(ErrorKind::Unavailable)) };
        assert_eq!(told(status, body).await, expected, "{status} {body}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_error_that_has_nothing_to_do_with_the_format_leaves_it_as_it_is() {
    for (status, body, kind) in [
        (503, "\u{21}", ErrorKind::Unavailable),
        (400, r#"{"__type":"ResourceNotFoundException","message":"none"}"#, ErrorKind::NotFound),
    ] {
        assert_eq!(told(status, body).await, (2, Some(kind)), "{status} {body}");
    }
}
