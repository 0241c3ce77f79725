//! Reading records.

use aws_sdk_kinesis::types::ShardIteratorType;
use headwater_tests::{Endpoint, eventually};

use crate::answer::{assert_invalid, refusal};
use crate::iterators::{SHARD, spread_over_time};

pub(crate) async fn a_limit_bounds_the_page(endpoint: &'static Endpoint) {
    let stream = endpoint.create_stream("limit", 1).await;
    for n in 0..5 {
        stream.put("key", [n]).await;
    }
    let iterator = stream.iterator(SHARD, ShardIteratorType::TrimHorizon).await;
    let page = stream.client().get_records().shard_iterator(iterator).limit(2).send().await.expect("read");
    assert_eq!(page.records.iter().map(|record| record.data.as_ref()).collect::<Vec<_>>(), [[0], [1]]);
    stream.delete().await;
}

pub(crate) async fn pages_repeat_and_lose_nothing(endpoint: &'static Endpoint) {
    let stream = endpoint.create_stream("pages", 1).await;
    for n in 0..7 {
        stream.put("key", [n]).await;
    }
    let mut iterator = Some(stream.iterator(SHARD, ShardIteratorType::TrimHorizon).await);
    let mut read = Vec::new();
    eventually("all records are read", async || {
        let page = stream.client().get_records().set_shard_iterator(iterator.take()).limit(2).send().await;
        let page = page.expect("read");
        read.extend(page.records.into_iter().map(|record| record.data.into_inner()));
        iterator = page.next_shard_iterator;
        (read.len() >= 7).then_some(())
    })
    .await;
    assert_eq!(read, (0..7).map(|n| vec![n]).collect::<Vec<_>>());
    stream.delete().await;
}

pub(crate) async fn a_limit_over_ten_thousand_is_refused(endpoint: &'static Endpoint) {
    let stream = endpoint.create_stream("limit-10001", 1).await;
    let iterator = stream.iterator(SHARD, ShardIteratorType::TrimHorizon).await;
    let page = stream.client().get_records().shard_iterator(iterator).limit(10_001).send().await;
    assert_invalid("read 10,001 records", page);
    stream.delete().await;
}

pub(crate) async fn an_idle_shard_has_a_next_iterator_and_no_lag(endpoint: &'static Endpoint) {
    let stream = endpoint.create_stream("idle", 1).await;
    stream.put("key", "x").await;
    let iterator = stream.iterator(SHARD, ShardIteratorType::Latest).await;
    let page = stream.client().get_records().shard_iterator(iterator).send().await.expect("read");
    assert!(page.records.is_empty(), "{:?} came before the iterator", page.records);
    assert!(page.next_shard_iterator.is_some(), "an open shard never ends");
    assert_eq!(page.millis_behind_latest, Some(0));
    assert!(page.child_shards().is_empty(), "an open shard has no children");
    stream.delete().await;
}

pub(crate) async fn lag_shows_while_records_are_left(endpoint: &'static Endpoint) {
    let stream = endpoint.create_stream("lag", 1).await;
    spread_over_time(&stream).await;
    let iterator = stream.iterator(SHARD, ShardIteratorType::TrimHorizon).await;
    let page = stream.client().get_records().shard_iterator(iterator).limit(1).send().await.expect("read");
    let lag = page.millis_behind_latest.expect("a lag");
    assert!(lag > 0, "a reader with records left is {lag} ms behind");
    stream.delete().await;
}

pub(crate) async fn a_stream_deleted_while_it_is_read_is_not_found(endpoint: &'static Endpoint) {
    let stream = endpoint.create_stream("deleted", 1).await;
    stream.put("key", "x").await;
    let mut iterator = stream.iterator(SHARD, ShardIteratorType::TrimHorizon).await;
    let client = stream.client().clone();
    stream.delete().await;

    let code = eventually("the reader is told", async || {
        let read = client.get_records().shard_iterator(&iterator).send().await;
        match read {
            // While it is being deleted it may still be read.
            Ok(page) => {
                iterator = page.next_shard_iterator.expect("an open shard never ends");
                None
            }
            error => Some(refusal("read", error)),
        }
    })
    .await;
    assert!(code == "ResourceNotFoundException", "read: refused with {code}");
}
