//! Which key a record is written under.

use std::collections::HashSet;

use bytes::Bytes;
use futures::{SinkExt, StreamExt, stream};
use headwater::{ErrorKind, HashKey, Key, Message};
use headwater_local::LocalKinesis;

use super::orders;

#[tokio::test(start_paused = true)]
async fn messages_without_a_key_spread_over_all_shards() {
    let local = LocalKinesis::builder().stream("orders", 4).build();
    let sink = orders(&local).connect().await.unwrap();
    let messages = (0..400).map(|number| Ok(Message::new(Bytes::from(number.to_string()))));
    stream::iter(messages).forward(sink).await.unwrap();
    let records = local.records("orders").unwrap();
    let keys: HashSet<_> = records.iter().map(|record| &record.partition_key).collect();
    assert_eq!(keys.len(), 400);
    for shard in local.shards("orders").unwrap() {
        assert!((50..150).contains(&shard.records), "{} in {}", shard.records, shard.shard_id);
    }
}

#[tokio::test(start_paused = true)]
async fn an_explicit_hash_key_chooses_the_shard() {
    let local = LocalKinesis::builder().stream("orders", 4).build();
    let mut sink = orders(&local).connect().await.unwrap();
    for shard in local.shards("orders").unwrap() {
        for hash in [shard.starting_hash_key, shard.ending_hash_key] {
            let key = Key::from(shard.shard_id.clone()).hashed(HashKey::new(hash));
            sink.feed(Message::keyed("x".into(), key)).await.unwrap();
        }
    }
    sink.close().await.unwrap();
    let records = local.records("orders").unwrap();
    assert_eq!(records.len(), 8);
    assert!(records.iter().all(|record| record.shard_id == record.partition_key));
}

#[tokio::test(start_paused = true)]
async fn a_partition_key_of_the_wrong_length_fails_its_message_alone() {
    let local = LocalKinesis::builder().stream("orders", 1).build();
    let mut sink = orders(&local).connect().await.unwrap();
    for (key, allowed) in [("", false), (&"é".repeat(256), true), (&"k".repeat(257), false)] {
        let answer = sink.feed(Message::keyed("x".into(), key)).await;
        assert_eq!(
            answer.as_ref().map_err(headwater::Error::kind).err(),
            (!allowed).then_some(ErrorKind::Invalid)
        );
        if let Err(error) = answer {
            assert_eq!(error.into_undelivered().len(), 1);
        }
    }
    sink.close().await.unwrap();
    assert_eq!(local.record_count("orders").unwrap(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_partition_key_is_taken_from_a_field_of_the_payload() {
    let local = LocalKinesis::builder().stream("orders", 1).build();
    let mut sink = orders(&local).partition_key_identifier("customer").connect().await.unwrap();
    for json in [r#"{"customer": "ann"}"#, r#"{"customer": 7}"#, r#"{"other": 1}"#, "no json"] {
        let answer = sink.feed(Message::new(Bytes::from(json))).await;
        if let Err(error) = answer {
            assert_eq!(error.kind(), ErrorKind::Invalid);
            assert_eq!(error.into_undelivered()[0].message().payload(), json);
        }
    }
    sink.close().await.unwrap();
    let records = local.records("orders").unwrap();
    let keys: Vec<_> = records.iter().map(|record| record.partition_key.as_str()).collect();
    assert_eq!(keys, ["ann", "7"]);
}
