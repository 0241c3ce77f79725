//! The relay example, run as a newcomer runs it.

use std::ffi::OsString;
use std::path::Path;
use std::process::Stdio;

use headwater_tests::Server;
use serde_json::Value;
use tokio::process::Command;

/// After how many seconds a call that is not answered is made again.
const ATTEMPT: f64 = 10.0;

/// The example's program, which `cargo test --workspace` builds beside the tests.
fn program() -> OsString {
    let mut path = std::env::current_exe().expect("a test knows where it is");
    // target/debug/deps/relay-0123 -> target/debug/examples/relay
    path.pop();
    path.pop();
    path.push("examples");
    path.push(format!("relay{}", std::env::consts::EXE_SUFFIX));
    assert!(
        path.exists(),
        "{}: missing; run `cargo build --examples` (`--release` for release tests) first",
        path.display()
    );
    path.into_os_string()
}

/// The command that relays on an endpoint.
pub(crate) fn relay(url: &str, records: usize, store: Option<&Path>) -> Command {
    let mut command = Command::new(program());
    command.args(["--endpoint-url", url, "--records", &records.to_string()]);
    if let Some(store) = store {
        command.arg("--store").arg(store);
    }
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true);
    command
}

/// Runs it to its end and returns its last line.
async fn report(mut command: Command) -> Value {
    let output = command.stderr(Stdio::piped()).output().await.unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let last = text.lines().last().unwrap_or_default();
    serde_json::from_str(last)
        .unwrap_or_else(|error| panic!("{error}: {text}{}", String::from_utf8_lossy(&output.stderr)))
}

async fn relays_a_thousand_records(server: Server) {
    let endpoint = server.start();
    let report = report(relay(endpoint.url(), 1_000, None)).await;
    for (field, expected) in [("sent", 1_000), ("relayed", 1_000), ("lost", 0), ("out_of_order", 0)] {
        assert_eq!(report[field], expected, "{field} in {report}");
    }
    // On a machine that is so busy that the server answers too late, what it stored by then comes twice, as it may.
    let all_answered = report["seconds"].as_f64().expect("a time") < ATTEMPT;
    assert!(report["repeated"] == 0 || !all_answered, "repeated in {report}");
}

#[tokio::test]
async fn the_relay_loses_nothing_on_kinesalite() {
    relays_a_thousand_records(Server::Kinesalite).await;
}

#[tokio::test]
async fn the_relay_loses_nothing_on_kinesis_local() {
    relays_a_thousand_records(Server::KinesisLocal).await;
}

#[tokio::test]
async fn the_relay_loses_nothing_on_ours() {
    relays_a_thousand_records(Server::Local).await;
}

#[tokio::test]
async fn an_endpoint_that_is_not_there_ends_the_relay_with_an_error() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut command = relay(&format!("http://127.0.0.1:{port}"), 10, None);
    let output = command.stderr(Stdio::piped()).output().await.unwrap();
    assert!(!output.status.success());
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(error.contains("create stream"), "{error}");
}
