//! A relay that dies.

use std::collections::BTreeSet;

use headwater_tests::{Server, eventually};

use crate::relay::streams::Streams;
use crate::support::Headwater;

const LINES: u32 = 100_000;

#[tokio::test]
async fn after_a_kill_it_goes_on_and_nothing_is_lost() {
    let streams = Streams::new(Server::Local.shared(), 4).await;
    streams.fill_with_seq(LINES).await;
    let directory = tempfile::tempdir().unwrap();
    let store = format!("sqlite:{}", directory.path().join("checkpoints.db").display());
    let relay = ["relay", streams.from.name(), streams.to.name(), "--codec", "json", "--jq", "."];
    let kept = ["--app", "copier", "--checkpoints", &store, "--commit-interval", "100ms"];
    // Slowly enough to be killed on the way: Kinesis' own pace for writes.
    let mut killed = Headwater::at(streams.endpoint, relay.iter().chain(&kept)).spawn();
    eventually("some of it is relayed", async || (streams.numbers().await.len() > 2_000).then_some(())).await;
    killed.start_kill().unwrap();
    assert!(!killed.wait().await.unwrap().success());
    let before = streams.numbers().await.len();
    assert!(before < LINES as usize, "it was killed too late to tell");

    let rest = relay.iter().chain(&kept).chain(&["--until", "tip", "--unpaced", "--unlimited"]);
    Headwater::at(streams.endpoint, rest).run().await.ok();
    let numbers = streams.numbers().await;
    let distinct: BTreeSet<u32> = numbers.iter().copied().collect();
    assert!(distinct.into_iter().eq(1..=LINES), "lines are missing");
    let repeated = numbers.len() - LINES as usize;
    assert!(repeated < before, "{repeated} of {before} were relayed again: no checkpoint was stored");
}
