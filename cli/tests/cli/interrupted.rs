//! Commands that are interrupted before they have begun.

use std::process::Stdio;
use std::time::Duration;

use headwater_tests::StoreServer;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::process::Command;
use tokio::time::timeout;

use crate::support::{Headwater, Running};

/// Runs a command against a server that takes connections and never answers, and interrupts it once it has connected.
async fn interrupted(args: &[&str]) {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = silent.local_addr().unwrap().to_string();
    let args: Vec<_> = args.iter().map(|arg| arg.replace("SILENT", &address)).collect();
    let headwater = Headwater::new(&args).env("AWS_ENDPOINT_URL_KINESIS", format!("http://{address}"));
    let running = Running::start(headwater.env("AWS_REGION", "us-east-1"));
    let connection = silent.accept().await.unwrap();
    running.signal("INT").await;
    let (status, told) = running.end().await;
    assert_eq!(status.code(), Some(130), "{args:?}: {told}");
    drop(connection);
}

#[tokio::test]
async fn the_first_ctrl_c_ends_whatever_waits_for_an_answer() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("file.ndjson");
    std::fs::write(&file, "{\"payload\":\"1\"}\n").unwrap();
    let file = file.to_str().unwrap();
    let table = "dynamodb:leases?endpoint=http://SILENT";
    for args in [
        &["list"][..],
        &["describe", "orders"],
        &["which", "orders", "key"],
        &["put", "orders", "x"],
        &["tail", "orders"],
        &["relay", "orders", "copies"],
        &["copy", "orders", "-"],
        &["copy", file, "orders"],
        &["group", "copier", "list", "--stream", "orders", "--checkpoints", table],
        &["doctor", "orders"],
    ] {
        interrupted(args).await;
    }
}

#[tokio::test]
async fn the_first_ctrl_c_ends_a_question() {
    let store = StoreServer::Redis.shared().url();
    let headwater = env!("CARGO_BIN_EXE_headwater");
    let line = format!("{headwater} group copier reset --to horizon --stream orders --checkpoints {store}");
    let mut script = Command::new("script");
    script.args(["-q", "-e", "-c", &line, "/dev/null"]).env("HOME", "/nonexistent").kill_on_drop(true);
    let mut script =
        script.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("script is installed");
    let mut shown = script.stdout.take().unwrap();
    let mut asked = Vec::new();
    while !asked.ends_with(b"[y/N] ") {
        asked.push(shown.read_u8().await.expect("it asks"));
    }
    let mut keys = script.stdin.take().unwrap();
    keys.write_all(b"\x03").await.unwrap();
    let ended = timeout(Duration::from_mins(2), script.wait()).await.expect("it waits no longer").unwrap();
    assert_eq!(ended.code(), Some(130));
}
