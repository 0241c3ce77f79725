//! A feeder that never pauses and favours no shard.

use std::convert::Infallible;

use bytes::Bytes;
use futures::SinkExt;
use headwater::{Key, Message};
use headwater_kinesis::KinesisSink;
use headwater_kinesis::kpl::hash_key;
use headwater_local::LocalKinesis;

/// How many keys there are, over all shards.
pub(crate) const KEYS: usize = 10_000;

/// Keys of each shard, in the order of the shards' ids.
pub(crate) fn keys_by_shard(local: &LocalKinesis, stream: &str) -> Vec<Vec<Key>> {
    let shards = local.shards(stream).expect("the stream exists");
    let mut keys = vec![Vec::new(); shards.len()];
    for number in 0..KEYS {
        let key = Key::from(format!("key-{number}"));
        let hash = hash_key(&key).get();
        let owner = |shard: &headwater_local::ShardInfo| {
            (shard.starting_hash_key..=shard.ending_hash_key).contains(&hash)
        };
        keys[shards.iter().position(owner).expect("a shard owns it")].push(key);
    }
    keys
}

/// Sends payloads of `len` bytes for as long as it is polled: to each shard in turn, over all its keys in turn.
///
/// So the queue holds about as much for each shard, as long as it is large enough for what a slow one leaves in it.
pub(crate) async fn feed(mut sink: KinesisSink, keys: Vec<Vec<Key>>, len: usize) -> Infallible {
    let payload = Bytes::from(vec![b'x'; len]);
    for round in 0.. {
        for keys in &keys {
            let key = keys[round % keys.len()].clone();
            sink.feed(Message::keyed(payload.clone(), key)).await.expect("the sink goes on");
        }
    }
    unreachable!("rounds never end")
}
