//! Lanes to shards that change.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::SinkExt;
use tokio::time::{Instant, timeout};
use tower::ServiceExt;

use super::numbered;
use super::pairs::{self, Pairs};
use super::stream::{Listing, Record, Stream, hash_key};
use crate::batch::{Batch, BatchSink, BatchSinkBuilder, LaneLimit, Ordering, Producing, Routing, ShardScope};
use crate::codec::{Framed, Single};
use crate::{HashKey, Key, MemoryStream, Message};

fn routed(builder: BatchSinkBuilder, stream: &Stream) -> BatchSink {
    builder.routing(stream.clone(), stream.open()).build(stream.clone()).unwrap()
}

fn at(hash_key: u128, payload: &str) -> Message<Bytes> {
    Message::keyed(payload.to_owned().into(), Key::from(hash_key.to_string()).hashed(HashKey::new(hash_key)))
}

#[tokio::test(start_paused = true)]
async fn messages_without_a_key_stay_together_where_their_generated_key_lands() {
    let stream = Stream::new(4);
    let mut sink = routed(BatchSink::builder(), &stream).framed(Arc::new(Pairs { by_hash: false }));
    stream.reshard(|shards| (0..4).for_each(|nth| shards.split(HashKey::new(u128::MAX / 4 * nth + 1))));
    for number in 0..10 {
        sink.feed(Message::new(number.to_string().into())).await.unwrap();
    }
    sink.flush().await.unwrap();
    assert_eq!(
        stream.records().len(),
        1,
        "stored once, though the shard is a child of the one that was expected"
    );
    let pairs = pairs::read(&stream.records()[0].entry.data);
    assert!(pairs.iter().all(|(key, _)| stream.records()[0].shard.holds(hash_key(key))));
}

#[tokio::test(start_paused = true)]
async fn an_entry_that_landed_elsewhere_has_the_shards_listed_at_once() {
    let stream = Stream::new(1);
    let mut sink = routed(BatchSink::builder(), &stream).framed(Arc::new(Pairs { by_hash: true }));
    stream.reshard(|shards| shards.split(HashKey::MIN));
    sink.feed(at(1, "one")).await.unwrap();
    sink.feed(at(u128::MAX, "two")).await.unwrap();
    let started = Instant::now();
    sink.flush().await.unwrap();
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
    assert_eq!(stream.records().len(), 3, "the aggregate, then each of its messages");
}

#[tokio::test(start_paused = true)]
async fn a_record_of_one_message_is_stored_wherever_it_landed() {
    let stream = Stream::new(1).lister(|| Listing::Fail);
    let mut sink = routed(BatchSink::builder(), &stream);
    stream.reshard(|shards| shards.split(HashKey::MIN));
    sink.feed(numbered("a", 1)).await.unwrap();
    let started = Instant::now();
    sink.flush().await.unwrap();
    assert!(started.elapsed() < Duration::from_secs(1), "{:?}", started.elapsed());
    assert_eq!(stream.records().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_lane_of_large_records_does_not_keep_the_others_waiting() {
    let stream = Stream::new(2);
    let builder = BatchSink::builder().max_in_flight(1).batch_bytes(200).linger(Duration::ZERO);
    let mut sink = routed(builder, &stream);
    for number in 0..200 {
        sink.feed(at(number, &"x".repeat(100))).await.unwrap();
    }
    sink.feed(at(u128::MAX, "last")).await.unwrap();
    sink.flush().await.unwrap();
    let place = stream.records().iter().position(|record| record.entry.data == "last").unwrap();
    assert!(place < 10, "{place}");
}

#[tokio::test(start_paused = true)]
async fn an_aggregate_without_order_is_split_twice_though_its_keys_were_forgotten() {
    let stream = Stream::new(1).latency(|| Duration::from_secs(5));
    let builder = BatchSink::builder().ordering(Ordering::None).max_queue(100_000).linger(Duration::ZERO);
    let mut sink = routed(builder, &stream).framed(Arc::new(Pairs { by_hash: true }));
    for nth in 0..8 {
        sink.feed(at(u128::MAX / 8 * nth + 1, &format!("early {nth}"))).await.unwrap();
    }
    for split in [vec![0], vec![0, u128::MAX]] {
        tokio::time::sleep(Duration::from_secs(4)).await;
        stream.reshard(|shards| split.iter().for_each(|at| shards.split(HashKey::new(*at))));
        for number in 0..10_000 {
            sink.feed(at(u128::MAX / 20_000 * number, "late")).await.unwrap();
        }
        tokio::time::sleep(Duration::from_secs(2)).await;
    }
    sink.flush().await.unwrap();
    for nth in 0..8 {
        let early = format!("early {nth}");
        let holds = |record: &Record| {
            let pairs = pairs::read(&record.entry.data);
            pairs.iter().any(|(_, payload)| *payload == early)
                && pairs.iter().all(|(key, _)| record.shard.holds(hash_key(key)))
        };
        assert!(stream.records().iter().any(holds), "{early}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_aggregate_outlives_its_framing() {
    let stream = Stream::new(1);
    let mut sink = routed(BatchSink::builder(), &stream).framed(Arc::new(Pairs { by_hash: true }));
    stream.reshard(|shards| shards.split(HashKey::MIN));
    for message in [at(1, "1"), at(2, "2"), at(u128::MAX - 1, "3"), at(u128::MAX, "4")] {
        sink.feed(message).await.unwrap();
    }
    // It flies, and lands where it is taken for misplaced.
    tokio::time::sleep(Duration::from_millis(105)).await;
    let mut sink = sink.framed(Arc::new(Single));
    let _ = timeout(Duration::from_mins(3), sink.flush()).await.expect("it ends");
    let records = stream.records();
    assert!(records.iter().all(|record| !record.entry.data.is_empty()), "{records:?}");
}

#[tokio::test(start_paused = true)]
async fn a_listing_that_never_answers_is_asked_for_again() {
    let mut asked = 0;
    let stream = Stream::new(1).lister(move || {
        asked += 1;
        if asked == 1 { Listing::Hang } else { Listing::Right }
    });
    let mut sink = routed(BatchSink::builder(), &stream).framed(Arc::new(Pairs { by_hash: true }));
    stream.reshard(|shards| shards.split(HashKey::MIN));
    sink.feed(at(1, "one")).await.unwrap();
    sink.feed(at(u128::MAX, "two")).await.unwrap();
    timeout(Duration::from_mins(4), sink.flush()).await.expect("it ends").unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_record_is_never_too_long_whichever_of_its_keys_routes_it() {
    let stream = Stream::new(1);
    let builder = BatchSink::builder().record_bytes(400).frame_size(400);
    let mut sink = routed(builder, &stream).framed(Arc::new(Pairs { by_hash: false }));
    sink.feed(Message::keyed("first".into(), "k".repeat(150))).await.unwrap();
    for number in 0..50 {
        sink.feed(numbered("k", number)).await.unwrap();
    }
    sink.flush().await.unwrap();
    assert!(stream.records().iter().all(|record| record.entry.bytes() <= 400));
}

#[tokio::test(start_paused = true)]
async fn a_shard_that_never_answers_leaves_a_request_to_the_others() {
    let stream = MemoryStream::new("orders", 2);
    let shards = stream.shard_ranges(ShardScope::Open).await.unwrap();
    let inner = stream.clone();
    let service = tower::service_fn(move |batch: Batch| {
        let stalls = batch.entries().iter().any(|entry| entry.key.explicit_hash_key() == Some(HashKey::MIN));
        let stored = inner.clone().oneshot(batch);
        async move { if stalls { std::future::pending().await } else { stored.await } }
    });
    let builder = BatchSink::builder().linger(Duration::ZERO).max_in_flight(2).routing(stream, shards);
    let producer = builder.build(service).unwrap().producer();
    for number in 0..3 {
        let key = Key::from(number.to_string()).hashed(HashKey::MIN);
        producer.send(Message::keyed("stalls".into(), key)).await.unwrap();
        // Each would go in a request of its own.
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let receipt = producer.put(at(u128::MAX, "goes")).await.unwrap();
    timeout(Duration::from_secs(1), receipt).await.expect("a request is left for it").unwrap();
}

#[tokio::test(start_paused = true)]
async fn messages_without_a_key_go_by_the_lane_that_is_free_first() {
    let stream = Stream::new(2).latency(|| Duration::ZERO);
    let limit = LaneLimit { records: 100, bytes: 1000, ceiling: 1.0 };
    let builder = BatchSink::builder().lane_limit(limit).batch_records(2).linger(Duration::ZERO);
    let mut sink = routed(builder, &stream);
    // The lane of the first shard has a debt of about ten seconds, that of the second of about one.
    sink.feed(at(1, &"x".repeat(10_000))).await.unwrap();
    sink.feed(at(u128::MAX, &"x".repeat(1000))).await.unwrap();
    sink.flush().await.unwrap();
    let started = Instant::now();
    for _ in 0..4 {
        sink.feed(Message::new("loose".into())).await.unwrap();
    }
    sink.flush().await.unwrap();
    assert!(started.elapsed() < Duration::from_secs(3), "{:?}", started.elapsed());
}
