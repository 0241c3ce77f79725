//! Lists in pages.

use std::time::Duration;

use headwater_local::LocalKinesis;

use crate::{client, code, shard_id};

#[tokio::test]
async fn a_stream_of_2500_shards_is_listed_in_three_pages() {
    let local = LocalKinesis::builder().stream("orders", 2500).build();
    let client = client(&local);
    let mut ids = Vec::new();
    let mut sizes = Vec::new();
    let mut token: Option<String> = None;
    loop {
        let call = client.list_shards();
        let call = match token {
            None => call.stream_name("orders"),
            Some(token) => call.next_token(token),
        };
        let page = call.send().await.unwrap();
        sizes.push(page.shards().len());
        ids.extend(page.shards().iter().map(|shard| shard.shard_id.clone()));
        token = page.next_token;
        if token.is_none() {
            break;
        }
    }
    assert_eq!(sizes, [1000, 1000, 500]);
    assert_eq!(ids, (0..2500).map(shard_id).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn a_token_stands_alone_and_expires() {
    let local = LocalKinesis::builder().stream("orders", 3).build();
    let client = client(&local);
    let first = client.list_shards().stream_name("orders").max_results(2).send().await.unwrap();
    let token = first.next_token.unwrap();
    let both = client.list_shards().stream_name("orders").next_token(&token).send().await;
    assert_eq!(code(both), "InvalidArgumentException");
    let arn = local.stream_arn("orders").unwrap();
    let both = client.list_shards().stream_arn(arn).next_token(&token).send().await;
    assert_eq!(code(both), "InvalidArgumentException");
    let nowhere = client.list_shards().next_token("nowhere").send().await;
    assert_eq!(code(nowhere), "InvalidArgumentException");
    let rest = client.list_shards().next_token(&token).max_results(2).send().await.unwrap();
    assert_eq!((rest.shards().len(), rest.next_token), (1, None));
    tokio::time::advance(Duration::from_mins(5)).await;
    assert_eq!(code(client.list_shards().next_token(&token).send().await), "ExpiredNextTokenException");
}

#[tokio::test]
async fn a_description_is_given_in_pages() {
    let local = LocalKinesis::builder().stream("orders", 150).build();
    let client = client(&local);
    let describe = |after: Option<String>| {
        client.describe_stream().stream_name("orders").set_exclusive_start_shard_id(after).send()
    };
    let first = describe(None).await.unwrap().stream_description.unwrap();
    assert_eq!((first.shards.len(), first.has_more_shards), (100, true));
    let last = first.shards.last().unwrap().shard_id.clone();
    let second = describe(Some(last)).await.unwrap().stream_description.unwrap();
    assert_eq!((second.shards.len(), second.has_more_shards), (50, false));
    assert_eq!(second.shards[0].shard_id, shard_id(100));
}

#[tokio::test]
async fn streams_are_listed_in_pages_by_token_or_by_name() {
    let local = LocalKinesis::builder().stream("b", 1).stream("c", 1).stream("a", 1).build();
    let client = client(&local);
    let first = client.list_streams().limit(2).send().await.unwrap();
    assert_eq!(first.stream_names, ["a", "b"]);
    assert!(first.has_more_streams);
    assert_eq!(first.stream_summaries()[0].stream_arn, local.stream_arn("a").unwrap());
    let second = client.list_streams().next_token(first.next_token.unwrap()).send().await.unwrap();
    assert_eq!((second.stream_names, second.has_more_streams), (vec!["c".to_owned()], false));
    let second = client.list_streams().exclusive_start_stream_name("b").send().await.unwrap();
    assert_eq!(second.stream_names, ["c"]);
}
