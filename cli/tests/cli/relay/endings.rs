//! How a relay is stopped.

use headwater_tests::{Server, eventually};
use tokio::process::{Child, Command};

use crate::relay::streams::Streams;
use crate::support::Headwater;

async fn signal(child: &Child, name: &str) {
    let id = child.id().expect("it runs").to_string();
    assert!(Command::new("kill").args(["-s", name, &id]).status().await.unwrap().success());
}

/// Stops a relay by a signal once it has relayed all there is, and returns its exit code.
async fn stopped_by(name: &str) -> Option<i32> {
    let streams = Streams::new(Server::Local.shared(), 2).await;
    streams.fill_with_seq(1_000).await;
    let directory = tempfile::tempdir().unwrap();
    let store = format!("sqlite:{}", directory.path().join("checkpoints.db").display());
    let relay = ["relay", streams.from.name(), streams.to.name()];
    let kept = ["--app", "copier", "--checkpoints", &store, "--commit-interval", "1h"];
    let mut child = Headwater::at(streams.endpoint, relay.iter().chain(&kept)).spawn();
    eventually("all is relayed", async || (streams.numbers().await.len() == 1_000).then_some(())).await;
    signal(&child, name).await;
    let ended = child.wait().await.unwrap();

    // The last checkpoint was stored on the way out: nothing comes again.
    Headwater::at(streams.endpoint, relay.iter().chain(&kept).chain(&["--until", "tip"])).run().await.ok();
    assert_eq!(streams.numbers().await.len(), 1_000);
    ended.code()
}

#[tokio::test]
async fn ctrl_c_ends_it_in_order() {
    assert_eq!(stopped_by("INT").await, Some(130));
}

#[tokio::test]
async fn a_supervisor_ends_it_in_order() {
    assert_eq!(stopped_by("TERM").await, Some(0));
}

#[tokio::test]
async fn until_a_time_it_waits_for_that_time() {
    let streams = Streams::new(Server::Local.shared(), 1).await;
    streams.fill_with_seq(10).await;
    // That time has passed: it ends with what arrived before.
    let past = ["relay", streams.from.name(), streams.to.name(), "--until", "-1h"];
    Headwater::at(streams.endpoint, past).run().await.ok();
    assert_eq!(streams.numbers().await, [0; 0]);
}
