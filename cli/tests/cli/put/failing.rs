//! What cannot be delivered.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use headwater_local::{ErrorCode, Fault, Faults, Operation};
use headwater_tests::eventually;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

use super::{endpoint, put, stored};
use crate::support::Headwater;

#[tokio::test]
async fn a_line_that_is_no_json_is_told_with_its_number_and_the_rest_goes_on() {
    let endpoint = endpoint(1).await;
    let lines = "{\"a\":1}\n\n{\"a\":\n[2]\n";
    let told = put(&endpoint, ["--codec", "json", "--key", "k"]).input(lines).run().await.code(3);
    assert!(told.contains("line 3: encode message as JSON: "), "{told}");
    assert!(told.contains("1 of 3 messages could not be delivered: --dead-letter FILE keeps"), "{told}");
    assert_eq!(stored(&endpoint), ["{\"a\":1}", "[2]"]);
}

#[tokio::test]
async fn nothing_delivered_is_a_failure() {
    let endpoint = endpoint(1).await;
    let told = put(&endpoint, ["{no", "--codec", "json"]).run().await.code(1);
    assert!(told.contains("not delivered: encode message as JSON: "), "{told}");
    assert!(told.contains("1 of 1 message could not be delivered"), "{told}");
}

#[tokio::test]
async fn a_dead_letter_holds_what_is_needed_to_put_it_again() {
    let (endpoint, directory) = (endpoint(1).await, tempfile::tempdir().unwrap());
    let file = directory.path().join("dead.ndjson");
    let flag = format!("--dead-letter={}", file.display());
    let told =
        put(&endpoint, ["--codec", "json", "--key", "k", &flag]).input("1\n{no\n2\n").run().await.code(3);
    assert!(
        told.contains(&format!("1 of 3 messages could not be delivered: see {}", file.display())),
        "{told}"
    );
    assert!(!told.contains("line 2"), "{told}");
    // A full disk cut the next one off.
    let torn = [&std::fs::read(&file).unwrap()[..], b"{\"li"].concat();
    std::fs::write(&file, torn).unwrap();
    put(&endpoint, [&flag]).input(b"\xff\n".as_slice()).run().await.code(1);
    let whole = std::fs::read_to_string(&file).unwrap().replace("{\"li\n", "");
    std::fs::write(&file, whole).unwrap();

    let letters = letters(&file);
    assert_eq!(letters.len(), 2, "it is appended to");
    assert_eq!((&letters[0]["line"], &letters[0]["key"]), (&json!(2), &json!("k")));
    assert_eq!((&letters[0]["delivery"], &letters[0]["payload"]), (&json!("not stored"), &json!("{no")));
    assert!(letters[0]["error"].as_str().unwrap().starts_with("encode message as JSON: "));
    assert_eq!(letters[1]["base64"], "/w==");
}

#[tokio::test]
async fn what_the_shard_refuses_for_good_becomes_dead_letters() {
    let (endpoint, directory) = (endpoint(1).await, tempfile::tempdir().unwrap());
    let file = directory.path().join("dead.ndjson");
    let flag = format!("--dead-letter={}", file.display());
    // All are refused but the first three, again and again.
    let throttle = Fault::fail_entries(ErrorCode::ProvisionedThroughputExceeded).skip(3);
    endpoint.faults().set(Faults::seeded(7).add(throttle));
    let args = ["--codec", "msgpack", "--key-field", "n", "--retry-limit", "1", &flag];
    put(&endpoint, args).input("{\"n\":1}\n{\"n\":2}\n{\"n\":3}\n{\"n\":4}\n{\"n\":5}\n").run().await.code(3);

    let mut letters = letters(&file);
    letters.sort_by_key(|letter| letter["line"].as_u64());
    assert_eq!(letters.len(), 2);
    for (letter, number) in letters.iter().zip([4, 5]) {
        assert_eq!((&letter["line"], &letter["key"]), (&json!(number), &json!(number.to_string())));
        assert_eq!(letter["payload"], format!("{{\"n\":{number}}}"));
        assert_eq!(letter["delivery"], "not stored");
        let error = letter["error"].as_str().unwrap();
        assert!(error.contains("ProvisionedThroughputExceeded"), "{error}");
    }
    assert_eq!(endpoint.record_count("s").unwrap(), 3);
}

#[tokio::test]
async fn a_message_whose_answer_was_lost_is_told_as_unknown() {
    let (endpoint, directory) = (endpoint(1).await, tempfile::tempdir().unwrap());
    let file = directory.path().join("dead.ndjson");
    let flag = format!("--dead-letter={}", file.display());
    endpoint.faults().set(Faults::seeded(7).add(Fault::lose_answer().on(Operation::PutRecords)));
    put(&endpoint, ["x", "--retry-limit", "0", &flag]).run().await.code(1);
    let letters = letters(&file);
    assert_eq!((letters.len(), &letters[0]["delivery"]), (1, &json!("unknown")));
    assert_eq!((&letters[0]["payload"], letters[0].get("line")), (&json!("x"), None));
    assert!(endpoint.record_count("s").unwrap() > 0, "it was stored all the same");
}

#[tokio::test]
async fn what_was_tried_for_its_time_to_live_is_given_up() {
    let endpoint = endpoint(1).await;
    endpoint.faults().set(Faults::seeded(7).throttle_shard("s", "shardId-000000000000"));
    let told = put(&endpoint, ["x", "--time-to-live", "300ms"]).run().await.code(1);
    assert!(told.contains("(not stored)"), "{told}");
}

#[tokio::test]
async fn a_line_longer_than_the_stream_allows_is_told_and_the_rest_goes_on() {
    let endpoint = endpoint(1).await;
    let mut lines = vec![b'x'; (1 << 20) + 1];
    lines.push(b'\n');
    lines.extend(vec![b'y'; 11 << 20]);
    lines.extend_from_slice(b"\nshort\n");
    let told = put(&endpoint, ["--key", "k"]).input(lines).run().await.code(3);
    assert!(told.contains("line 1: ") && told.contains("at most 1048576 are allowed"), "{told}");
    assert!(told.contains("line 2: a message of 11534336 bytes: at most 10485760 are allowed"), "{told}");
    assert_eq!(stored(&endpoint), ["short"]);
}

#[tokio::test]
async fn a_stream_that_is_not_there_is_named_with_the_way_out() {
    let endpoint = endpoint(1).await;
    let run = |stream: &'static str| {
        Headwater::new(["put", stream, "x"]).env("AWS_ENDPOINT_URL", endpoint.endpoint_url()).run()
    };
    let told = run("orders").await.code(1);
    assert!(told.contains("\"orders\"") && told.contains("--create 1 creates it"), "{told}");
    let told = run("or ders").await.code(2);
    assert!(told.contains("stream \"or ders\": a name has 1 to 128 letters"), "{told}");
    let told = Headwater::new(["put", "orders", "x"]).run().await.code(2);
    assert!(told.contains("no region is set: --region, AWS_REGION or a profile names one"), "{told}");
}

#[tokio::test]
async fn credentials_that_are_refused_are_told() {
    let endpoint = endpoint(1).await;
    endpoint.deny_access_key("AKIADENIED");
    let put = put(&endpoint, ["x"]).env("AWS_ACCESS_KEY_ID", "AKIADENIED");
    let put = put.env("AWS_SECRET_ACCESS_KEY", "a-secret").env("AWS_REGION", "us-east-1");
    let told = put.run().await.code(1);
    assert!(told.contains("UnrecognizedClientException"), "{told}");
    assert!(!told.contains("a-secret"), "{told}");
}

#[tokio::test]
async fn a_stream_that_goes_away_ends_it_and_what_follows_is_not_put() {
    let endpoint = endpoint(1).await;
    let mut child = put(&endpoint, []).spawn();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(b"1\n").await.unwrap();
    eventually("the first line is stored", async || (stored(&endpoint) == ["1"]).then_some(())).await;
    endpoint.client().delete_stream().stream_name("s").send().await.unwrap();
    // It learns of it by the second, and does not wait for an end of the input.
    eventually("it stops reading", async || stdin.write_all(b"2\n").await.is_err().then_some(())).await;
    let output = child.wait_with_output().await.unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(3), "{told}");
    assert!(told.contains("and nothing that follows"), "{told}");
    assert!(told.contains("ResourceNotFoundException"), "{told}");
}

#[tokio::test]
async fn dead_letters_that_cannot_be_written_are_told_and_end_it() {
    let endpoint = endpoint(1).await;
    let told = put(&endpoint, ["x", "--dead-letter", "/nowhere/dead"]).run().await.code(2);
    assert!(
        told.contains("--dead-letter /nowhere/dead: ") && told.contains("a file that can be written"),
        "{told}"
    );

    let full = put(&endpoint, ["--codec", "json", "--dead-letter", "/dev/full"]).input("{no\n1\n2\n");
    let told = full.run().await;
    assert!(matches!(told.status.code(), Some(1 | 3)), "{}", told.stderr);
    assert!(told.stderr.contains("line 1: encode message as JSON"), "{}", told.stderr);
    assert!(told.stderr.contains("write dead letters to /dev/full: No space left"), "{}", told.stderr);
}

#[tokio::test]
async fn an_interrupt_stops_reading_and_delivers_what_was_read() {
    let endpoint = endpoint(1).await;
    // A request that takes a while is on its way when the interrupt comes.
    let slow = Fault::delay(Duration::from_millis(300)).on(Operation::PutRecords);
    endpoint.faults().set(Faults::seeded(7).add(slow));
    let mut child = put(&endpoint, ["--linger", "0s"]).spawn();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(b"1\n2\n3\n").await.unwrap();
    let sent = async || (endpoint.counters().calls(Operation::PutRecords) > 0).then_some(());
    eventually("a request is on its way", sent).await;
    interrupt(child.id().unwrap()).await;
    let output = child.wait_with_output().await.unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(130), "{told}");
    assert!(told.contains("3 messages from the start of the input put"), "{told}");
    assert_eq!(stored(&endpoint).len(), 3);
    drop(stdin);
}

#[tokio::test]
async fn a_second_interrupt_ends_it_at_once() {
    let endpoint = endpoint(1).await;
    endpoint.faults().set(Faults::seeded(7).add(Fault::hang().on(Operation::PutRecords)));
    let mut child = put(&endpoint, ["--linger", "0s"]).spawn();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(b"1\n").await.unwrap();
    let sent = async || (endpoint.counters().calls(Operation::PutRecords) > 0).then_some(());
    eventually("a request is on its way", sent).await;
    let pid = child.id().unwrap();
    eventually("it has ended", async || {
        interrupt(pid).await;
        child.try_wait().unwrap()
    })
    .await;
    assert_eq!(child.wait().await.unwrap().code(), Some(130));
}

#[tokio::test]
async fn a_broken_pipe_ends_it_quietly() {
    let endpoint = endpoint(1).await;
    let mut child = put(&endpoint, ["--receipts"]).spawn();
    drop(child.stdout.take());
    // It does not wait for an end of the input.
    let stdin = child.stdin.take();
    let output = child.wait_with_output().await.unwrap();
    drop(stdin);
    assert_eq!((output.status.code(), String::from_utf8(output.stderr).unwrap().as_str()), (Some(0), ""));
}

/// Sends SIGINT, as Ctrl-C does.
async fn interrupt(pid: u32) {
    let mut kill = Command::new("kill");
    let status = kill.args(["-INT", &pid.to_string()]).stderr(Stdio::null()).status().await.unwrap();
    // A process that has ended on the first signal takes no second.
    assert!(status.code().is_some());
}

fn letters(file: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(file).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}
