//! Which key a payload is written under.

use std::collections::HashSet;

use headwater_local::LocalKinesis;

use super::{Order, orders};
use crate::{Dispatcher, codec};

#[tokio::test(start_paused = true)]
async fn the_partition_key_is_the_field_that_was_named() {
    let local = LocalKinesis::builder().stream("orders", 1).build();
    let submitted = ["ann", "bob", "ann"].map(|customer| Order { customer: customer.into(), number: 7 });
    for field in ["customer", "number"] {
        let mut dispatcher = Dispatcher::over(orders(&local), codec::json())
            .partition_key_identifier(field)
            .connect()
            .await
            .unwrap();
        for order in &submitted {
            dispatcher.submit(order.clone()).await.unwrap();
        }
        assert!(dispatcher.flush().await.is_empty());
    }
    let records = local.records("orders").unwrap();
    let mut keys: Vec<_> = records.iter().map(|record| record.partition_key.as_str()).collect();
    keys[..3].sort_unstable();
    assert_eq!(keys, ["ann", "ann", "bob", "7", "7", "7"]);
}

#[tokio::test(start_paused = true)]
async fn without_a_field_each_payload_gets_a_key_of_its_own() {
    let local = LocalKinesis::builder().stream("orders", 4).build();
    let mut dispatcher = Dispatcher::over(orders(&local), codec::json()).connect().await.unwrap();
    for number in 0..400 {
        dispatcher.submit(number).await.unwrap();
    }
    assert!(dispatcher.flush().await.is_empty());
    let records = local.records("orders").unwrap();
    let keys: HashSet<_> = records.iter().map(|record| &record.partition_key).collect();
    assert_eq!(keys.len(), 400);
    for shard in local.shards("orders").unwrap() {
        assert!((50..150).contains(&shard.records), "{} in {}", shard.records, shard.shard_id);
    }
}

#[tokio::test(start_paused = true)]
async fn any_codec_may_write_the_payloads() {
    let local = LocalKinesis::builder().stream("orders", 1).build();
    let mut dispatcher =
        Dispatcher::over(orders(&local), codec::json()).codec(codec::json_lines()).connect().await.unwrap();
    for number in 0..3 {
        dispatcher.submit(number).await.unwrap();
    }
    assert!(dispatcher.close().await.is_empty());
    let lines: Vec<_> = local.records("orders").unwrap().into_iter().map(|record| record.data).collect();
    assert_eq!(lines.concat(), b"0\n1\n2\n");
}
