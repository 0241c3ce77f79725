//! What is accepted, when, and when it is sent.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use headwater::codec::{Codec, Serializer, Single};
use headwater::{BoxError, Delivery, ErrorKind};
use headwater_local::{ErrorCode, Fault, LocalKinesis, Operation};
use tokio::time::{Instant, sleep};

use super::{Order, inject, orders, payloads, stored};
use crate::sink::Limits;
use crate::{Dispatcher, codec};

#[tokio::test(start_paused = true)]
async fn a_payload_that_can_never_be_sent_is_given_back_at_once_and_alone() {
    let local = LocalKinesis::builder().stream("orders", 1).build();
    let mut dispatcher = Dispatcher::over(orders(&local), codec::json())
        .partition_key_identifier("customer")
        .connect()
        .await
        .unwrap();
    let payload = |field: &str, text: &str| BTreeMap::from([(field.to_owned(), text.to_owned())]);
    let started = Instant::now();
    dispatcher.submit(payload("customer", "ann")).await.unwrap();
    for (refused, reason) in [
        (payload("other", "ann"), "the field is missing"),
        (payload("customer", &"a".repeat(257)), "1 to 256 are allowed"),
        (
            BTreeMap::from([("customer".into(), "ann".into()), ("x".into(), "x".repeat(1 << 20))]),
            "at most 1048576",
        ),
    ] {
        let error = dispatcher.submit(refused.clone()).await.unwrap_err();
        assert_eq!((error.reason().kind(), error.delivery()), (ErrorKind::Invalid, Delivery::NotStored));
        assert!(error.to_string().starts_with("send to \"orders\": "), "{error}");
        assert!(error.to_string().contains(reason), "{error}");
        assert_eq!(error.reason().undelivered_len(), 0, "the payload is not kept twice");
        assert_eq!(error.into_payload(), refused);
    }
    dispatcher.submit(payload("customer", "bob")).await.unwrap();
    assert_eq!(started.elapsed(), Duration::ZERO);
    assert!(dispatcher.flush().await.is_empty(), "what was given back is not returned again");
    assert_eq!(local.record_count("orders").unwrap(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_payload_that_cannot_be_serialized_is_given_back() {
    let local = LocalKinesis::builder().stream("orders", 1).build();
    let mut dispatcher = Dispatcher::over(orders(&local), codec::json()).connect().await.unwrap();
    let error = dispatcher.submit(BTreeMap::from([((1, 2), 3)])).await.unwrap_err();
    assert_eq!(error.reason().kind(), ErrorKind::Encode);
    assert_eq!(error.to_string(), "encode a payload as JSON: key must be a string");
    assert_eq!(error.into_payload(), BTreeMap::from([((1, 2), 3)]));
    dispatcher.submit(BTreeMap::new()).await.unwrap();
    assert!(dispatcher.flush().await.is_empty());
    assert_eq!(local.records("orders").unwrap()[0].data, "{}");
}

#[tokio::test(start_paused = true)]
async fn a_full_batch_is_sent_without_a_flush() {
    let local = LocalKinesis::builder().stream("orders", 1).build();
    let sink = orders(&local).linger(Duration::from_mins(1));
    let mut dispatcher =
        Dispatcher::over(sink, codec::json::<u32>()).max_batch_size(10).connect().await.unwrap();
    for number in 0..25 {
        dispatcher.submit(number).await.unwrap();
    }
    sleep(Duration::from_secs(1)).await;
    assert_eq!((stored(&local).len(), dispatcher.status().requests()), (20, 2));
    assert!(dispatcher.flush().await.is_empty());
    assert_eq!((stored(&local).len(), dispatcher.status().requests()), (25, 3));
}

#[test]
fn a_batch_has_250_records_unless_told_otherwise() {
    let described = format!("{:?}", Dispatcher::<u32>::builder("orders"));
    assert!(described.contains("batch_records: 250"), "{described}");
}

#[tokio::test(start_paused = true)]
async fn the_batch_size_is_checked_by_its_own_name() {
    for (size, allowed) in [(0, false), (1, true), (500, true), (501, false)] {
        let local = LocalKinesis::builder().stream("orders", 1).build();
        let builder = Dispatcher::over(orders(&local), codec::json::<u32>()).max_batch_size(size);
        let refused = builder.connect().await.err().map(|error| error.to_string());
        let text = format!("max_batch_size = {size}: 1 to 500 is allowed");
        assert_eq!(refused, (!allowed).then_some(text));
    }
}

#[tokio::test(start_paused = true)]
async fn submit_waits_for_room() {
    let local = LocalKinesis::builder().stream("orders", 1).build();
    inject(&local, Fault::delay(Duration::from_secs(1)).on(Operation::PutRecords));
    let sink = orders(&local).max_queue(2).linger(Duration::ZERO);
    let mut dispatcher = Dispatcher::over(sink, codec::json::<u32>()).connect().await.unwrap();
    let started = Instant::now();
    for (number, seconds) in [(0, 0), (1, 0), (2, 1)] {
        dispatcher.submit(number).await.unwrap();
        assert_eq!(started.elapsed().as_secs(), seconds, "payload {number}");
    }
    assert!(dispatcher.flush().await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn nothing_is_accepted_while_too_much_waits_for_a_flush() {
    let local = LocalKinesis::builder().stream("orders", 1).build();
    inject(&local, Fault::fail_entries(ErrorCode::ProvisionedThroughputExceeded).times(2));
    let sink = orders(&local).retry_limit(0).linger(Duration::ZERO);
    let mut dispatcher =
        Dispatcher::over(sink, codec::json::<u32>()).max_unprocessed(2).connect().await.unwrap();
    for number in 0..2 {
        dispatcher.submit(number).await.unwrap();
    }
    sleep(Duration::from_secs(1)).await;
    let error = dispatcher.submit(2).await.unwrap_err();
    assert_eq!(error.reason().kind(), ErrorKind::Undelivered);
    assert_eq!(error.to_string(), "submit a payload: 2 that could not be delivered wait for a flush");
    assert_eq!(payloads(dispatcher.flush().await), [0, 1]);
    dispatcher.submit(error.into_payload()).await.unwrap();
    assert!(dispatcher.flush().await.is_empty());
    assert_eq!(stored(&local), [2]);
}

/// Writes numbers, and counts how often.
struct Counting(Arc<AtomicUsize>);

impl Serializer<u32> for Counting {
    fn serialize(&self, value: &u32, out: &mut Vec<u8>) -> Result<(), BoxError> {
        self.0.fetch_add(1, Ordering::Relaxed);
        out.extend_from_slice(value.to_string().as_bytes());
        Ok(())
    }
}

#[tokio::test(start_paused = true)]
async fn a_payload_is_serialized_once_however_full_the_batch_and_however_often_it_is_sent() {
    let local = LocalKinesis::builder().stream("orders", 1).build();
    inject(&local, Fault::fail_entries(ErrorCode::ProvisionedThroughputExceeded).chance(0.5));
    let count = Arc::new(AtomicUsize::new(0));
    let codec = Codec::new(Single, Counting(Arc::clone(&count)));
    let sink = orders(&local).limits(Limits::Unlimited);
    let mut dispatcher = Dispatcher::over(sink, codec).connect().await.unwrap();
    for number in 0..2_000 {
        dispatcher.submit(number).await.unwrap();
    }
    assert!(dispatcher.flush().await.is_empty());
    assert!(dispatcher.status().retried() > 1_000);
    assert_eq!(count.load(Ordering::Relaxed), 2_000);
}

#[test]
fn payloads_need_not_be_shared_between_threads() {
    fn is_send(_: impl Send) {}
    // Compiled and not run.
    let _ = |dispatcher: &mut Dispatcher<Cell<u32>>| {
        is_send(dispatcher.submit(Cell::new(7)));
        is_send(dispatcher.flush());
        is_send(dispatcher.close());
    };
    let _ = |order: Order, mut dispatcher: Dispatcher<Order>| {
        is_send(async move { dispatcher.submit(order).await.map_err(headwater::Error::from) });
    };
}
