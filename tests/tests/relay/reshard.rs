//! A relay whose source stream is resharded in mid-run, on every server.

use std::time::Duration;

use aws_sdk_kinesis::types::ShardIteratorType;
use futures::{StreamExt, TryStreamExt};
use headwater_kinesis::{KinesisSink, KinesisSource, Limits};
use headwater_tests::{Server, TestStream};

use crate::ledger::{Ledger, key};

const RECORDS: usize = 120;

async fn put(stream: &TestStream, numbers: std::ops::Range<usize>) {
    for number in numbers {
        stream.put(&key(number), number.to_string()).await;
    }
}

/// Splits the open shard with the widest range, in the middle.
async fn split(stream: &TestStream, shard: &str) {
    let shards = stream.shards().await;
    let shard = shards.iter().find(|s| s.shard_id == shard).expect("the shard is listed");
    let range = shard.hash_key_range.as_ref().expect("a range");
    let low: u128 = range.starting_hash_key.parse().unwrap();
    let high: u128 = range.ending_hash_key.parse().unwrap();
    let call = stream.client().split_shard().stream_name(stream.name()).shard_to_split(&shard.shard_id);
    call.new_starting_hash_key((low + (high - low) / 2 + 1).to_string()).send().await.unwrap();
    stream.active().await;
}

/// Merges the two open shards with the highest hash keys.
async fn merge(stream: &TestStream) {
    let mut open: Vec<_> = stream
        .shards()
        .await
        .into_iter()
        .filter(|s| s.sequence_number_range.as_ref().is_some_and(|r| r.ending_sequence_number.is_none()))
        .map(|s| (s.hash_key_range.unwrap().starting_hash_key.parse::<u128>().unwrap(), s.shard_id))
        .collect();
    open.sort_unstable();
    let [.., (_, low), (_, high)] = open.as_slice() else { panic!("two open shards") };
    let call = stream.client().merge_shards().stream_name(stream.name()).shard_to_merge(low);
    call.adjacent_shard_to_merge(high).send().await.unwrap();
    stream.active().await;
}

/// Everything that a stream holds, shard by shard.
async fn contents(stream: &TestStream) -> Vec<(String, usize)> {
    let mut pairs = Vec::new();
    for shard in stream.shards().await {
        let mut iterator = Some(stream.iterator(&shard.shard_id, ShardIteratorType::TrimHorizon).await);
        while let Some(at) = iterator.take() {
            let page = stream.client().get_records().shard_iterator(at).send().await.unwrap();
            let empty = page.records.is_empty();
            for record in page.records {
                let text = String::from_utf8(record.data.into_inner()).unwrap();
                pairs.push((record.partition_key.unwrap(), text.parse().unwrap()));
            }
            iterator = page.next_shard_iterator.filter(|_| !empty);
        }
    }
    pairs
}

async fn a_reshard_in_mid_relay_loses_nothing_and_keeps_order(server: Server) {
    let endpoint = server.shared();
    let from = endpoint.create_stream("from", 2).await;
    let to = endpoint.create_stream("to", 1).await;
    let source = KinesisSource::builder(from.name())
        .sdk_config(endpoint.sdk_config())
        .unpaced()
        .commit_interval(Duration::from_millis(50));
    let source = source.connect().await.unwrap();
    let control = source.control();
    let sink = KinesisSink::builder(to.name()).sdk_config(endpoint.sdk_config());
    let sink = sink.limits(Limits::Unlimited).linger(Duration::from_millis(5)).connect().await.unwrap();
    let relayed = tokio::spawn(source.take(RECORDS).map_ok(|message| message).forward(sink));

    put(&from, 0..30).await;
    split(&from, "shardId-000000000000").await;
    put(&from, 30..60).await;
    // A child of the first split.
    split(&from, "shardId-000000000002").await;
    put(&from, 60..90).await;
    merge(&from).await;
    put(&from, 90..RECORDS).await;

    relayed.await.unwrap().unwrap();
    control.finished().await.unwrap();
    let ledger = Ledger::from_pairs(contents(&to).await);
    assert_eq!(ledger.lost(0..RECORDS), [0; 0]);
    assert_eq!(ledger.out_of_order, [0; 0], "a key moves to a child only after its parent is done");
    assert!(ledger.repeated().is_empty());
}

#[tokio::test]
async fn a_reshard_in_mid_relay_loses_nothing_on_ours() {
    a_reshard_in_mid_relay_loses_nothing_and_keeps_order(Server::Local).await;
}

#[tokio::test]
async fn a_reshard_in_mid_relay_loses_nothing_on_kinesalite() {
    a_reshard_in_mid_relay_loses_nothing_and_keeps_order(Server::Kinesalite).await;
}

#[tokio::test]
async fn a_reshard_in_mid_relay_loses_nothing_on_kinesis_local() {
    a_reshard_in_mid_relay_loses_nothing_and_keeps_order(Server::KinesisLocal).await;
}
