//! From the send of a message to its ack.

use std::future::{Ready, ready};
use std::task::{Context, Poll};

use bytes::Bytes;
use futures::{Sink, StreamExt, stream};
use headwater::batch::{Batch, BatchResponse, BatchSink};
use headwater::checkpoint::Tracker;
use headwater::codec::{self, Codec, EncodeExt, Lines, Raw};
use headwater::{Error, Headers, Key, Message, Position, Result};
use stats_alloc::Region;
use tokio::runtime::Builder;
use tower::Service;

use crate::{ALLOCATOR, counting};

const MESSAGES: usize = 200_000;
/// How many debts are opened at a time, as a source does for a page of records.
const PAGE: usize = 1_000;

/// The most allocations that a message may take beside its own.
const ALLOWED: f64 = 0.2;

/// Stores everything at once, and nowhere.
#[derive(Clone)]
struct Null;

impl Service<Batch> for Null {
    type Response = BatchResponse;
    type Error = Error;
    type Future = Ready<Result<BatchResponse>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, batch: Batch) -> Self::Future {
        let mut response = BatchResponse::with_capacity(batch.records());
        for _ in batch.entries() {
            response.push_stored("shardId-000000000000", "4959033827149025660855969253836157109592157598913");
        }
        ready(Ok(response))
    }
}

/// Sends messages of so many keys, and returns how many allocations each took until it was acked.
fn cost<S: Sink<Message<Bytes>, Error = Error>>(
    keys: usize,
    payload: impl Fn() -> Bytes,
    through: impl FnOnce(BatchSink) -> S,
) -> f64 {
    let _counting = counting();
    // One thread, so that nothing else of this test allocates meanwhile.
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let keys: Vec<_> = (0..keys).map(|number| Key::from(format!("customer-{number}"))).collect();
        let tracker = Tracker::new();
        let acks = (0..MESSAGES / PAGE)
            .flat_map(|_| tracker.open(std::iter::repeat_n((Position::Beginning, None), PAGE)));
        let messages = acks.enumerate().map(|(number, ack)| {
            let key = Some(keys[number % keys.len()].clone());
            Ok(Message::from_parts(payload(), key, Headers::new(), None, ack))
        });
        let sink = BatchSink::builder().build(Null).unwrap();
        let status = sink.status();
        let sink = through(sink);
        let region = Region::new(ALLOCATOR);
        stream::iter(messages).forward(sink).await.unwrap();
        let changed = region.change();
        assert_eq!((status.stored(), tracker.in_flight()), (MESSAGES as u64, 0));
        (changed.allocations + changed.reallocations) as f64 / MESSAGES as f64
    })
}

#[test]
fn a_message_takes_a_fifth_of_an_allocation_from_its_send_to_its_ack() {
    let payload = Bytes::from(vec![b'x'; 1_000]);
    let cost = cost(5_000, || payload.clone(), |sink| sink);
    println!("{cost:.4} allocations a message");
    assert!(cost <= ALLOWED, "{cost} allocations a message");
}

#[test]
fn a_payload_that_nobody_shares_is_sent_without_another_allocation() {
    let cost = cost(5_000, || Bytes::from(vec![b'x'; 1_000]), |sink| sink) - 1.0;
    println!("{cost:.4} allocations a message, beside its payload");
    assert!(cost <= ALLOWED, "{cost} allocations a message, beside its payload");
}

#[test]
fn encoding_takes_one_allocation_a_message() {
    let payload = Bytes::from(vec![b'x'; 1_000]);
    let cost = cost(5_000, || payload.clone(), |sink| sink.encode(codec::bytes())) - 1.0;
    println!("{cost:.4} allocations a message, beside its payload");
    assert!(cost <= ALLOWED, "{cost} allocations a message, beside its payload");
}

#[test]
fn messages_that_share_a_record_share_its_allocations() {
    let payload = Bytes::from(vec![b'x'; 1_000]);
    let cost = cost(50, || payload.clone(), |sink| sink.encode(Codec::new(Lines, Raw))) - 1.0;
    println!("{cost:.4} allocations a message, beside its payload");
    assert!(cost <= ALLOWED, "{cost} allocations a message, beside its payload");
}
