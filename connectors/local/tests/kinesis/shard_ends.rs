//! The end of a shard, as a subscription gives it.

use headwater_local::LocalKinesis;

use crate::fanout::{both_ways, texts, trim_horizon};
use crate::{FIRST, shard_id};

#[tokio::test]
async fn the_last_event_of_a_split_shard_names_both_children_and_the_subscription_ends() {
    for setup in both_ways(1, LocalKinesis::builder).await {
        setup.put("a");
        let mut events = setup.subscribe(trim_horizon()).await;
        assert_eq!(texts(&events.next().await), ["a"]);
        setup.put("b");
        setup.local.split_shard("orders", FIRST).unwrap();
        let mut read = Vec::new();
        let last = loop {
            let event = events.next().await;
            read.extend(texts(&event));
            if event.child_shards.is_some() {
                break event;
            }
        };
        assert_eq!(read, ["b"]);
        assert_eq!(last.continuation_sequence_number(), "");
        let children: Vec<_> = last.child_shards().iter().map(|child| child.shard_id()).collect();
        assert_eq!(children, [shard_id(1), shard_id(2)]);
        for child in last.child_shards() {
            assert_eq!(child.parent_shards(), [FIRST]);
        }
        let ranges: Vec<_> = last.child_shards().iter().filter_map(|child| child.hash_key_range()).collect();
        assert_eq!(ranges[0].starting_hash_key(), "0");
        assert_eq!(ranges[1].ending_hash_key(), u128::MAX.to_string());
        assert_eq!(events.recv().await.unwrap(), None);
        assert_eq!(setup.local.subscription_count("orders").unwrap(), 0);
    }
}
