//! Several workers in one relay.

use std::collections::BTreeMap;

use headwater_tests::{Server, eventually};

use crate::relay::streams::Streams;
use crate::support::Headwater;

#[tokio::test]
async fn workers_share_the_shards() {
    let streams = Streams::new(Server::Local.shared(), 4).await;
    let directory = tempfile::tempdir().unwrap();
    let store = format!("sqlite:{}", directory.path().join("checkpoints.db").display());
    let relay = ["relay", streams.from.name(), streams.to.name(), "--app", "copier", "--checkpoints", &store];
    let mut child = Headwater::at(streams.endpoint, relay.iter().chain(&["--workers", "2"])).spawn();
    eventually("each worker has two shards", async || {
        let list = ["group", "copier", "list", "--output", "json", "--checkpoints", &store];
        let list = list.iter().copied().chain(["--stream", streams.from.name()]);
        let done = Headwater::at(streams.endpoint, list).run().await;
        let listed = done.status.success().then(|| done.json_lines().remove(0))?;
        let shards = listed["checkpoints"].as_array().unwrap();
        let owners = shards.iter().filter_map(|shard| shard["owner"].as_str());
        let mut held = BTreeMap::<&str, usize>::new();
        for owner in owners {
            *held.entry(owner).or_default() += 1;
        }
        held.values().eq([&2, &2]).then_some(())
    })
    .await;
    streams.fill_with_seq(1_000).await;
    eventually("all is relayed", async || (streams.numbers().await.len() == 1_000).then_some(())).await;
    child.start_kill().unwrap();
    assert!(streams.numbers().await.into_iter().eq(1..=1_000));
}
