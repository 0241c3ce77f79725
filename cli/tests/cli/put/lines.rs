//! What is put: an argument, lines, all of standard input.

use std::collections::HashSet;

use headwater_local::Faults;

use super::{endpoint, numbered, put, stored};

#[tokio::test]
async fn an_argument_is_one_message() {
    let endpoint = endpoint(1).await;
    let told = put(&endpoint, ["one\ntwo", "--key", "k"]).run().await;
    assert_eq!((told.stdout.as_str(), told.stderr.as_str()), ("", ""));
    assert_eq!(stored(&endpoint), ["one\ntwo"]);
    assert_eq!(endpoint.records("s").unwrap()[0].partition_key, "k");
}

#[tokio::test]
async fn each_line_is_a_message_without_its_end() {
    let endpoint = endpoint(1).await;
    put(&endpoint, ["--key", "k"]).input("a\r\n\n b \nlast").run().await.ok();
    assert_eq!(stored(&endpoint), ["a", "", " b ", "last"]);
    put(&endpoint, ["-", "--key", "k"]).input("again\n").run().await.ok();
    assert_eq!(stored(&endpoint)[4..], ["again"]);
}

#[tokio::test]
async fn all_of_standard_input_is_one_message_where_that_is_wanted() {
    let endpoint = endpoint(1).await;
    put(&endpoint, ["--whole", "--codec", "bytes"]).input(b"a\n\xff\r\n".as_slice()).run().await.ok();
    assert_eq!(endpoint.records("s").unwrap()[0].data, b"a\n\xff\r\n".as_slice());

    let told = put(&endpoint, ["data", "--whole"]).run().await.code(2);
    assert!(told.contains("--whole is about standard input"), "{told}");
}

#[tokio::test]
async fn nothing_to_put_is_done_at_once() {
    let endpoint = endpoint(1).await;
    put(&endpoint, []).run().await.ok();
    put(&endpoint, ["--whole"]).run().await.ok();
    assert!(stored(&endpoint).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_thousand_lines_are_stored_once_each() {
    let endpoint = endpoint(4).await;
    let lines = numbered(1..=100_000);
    let told = put(&endpoint, ["--codec", "string", "--unlimited", "-v"]).input(lines).run().await;
    assert!(told.stderr.contains("put 100000 messages into \"s\" in "), "{}", told.stderr);
    told.ok();
    let stored: Vec<u32> = stored(&endpoint).iter().map(|line| line.parse().unwrap()).collect();
    let distinct: HashSet<u32> = stored.iter().copied().collect();
    assert_eq!((stored.len(), distinct.len()), (100_000, 100_000));
    assert_eq!((distinct.iter().min(), distinct.iter().max()), (Some(&1), Some(&100_000)));
}

#[tokio::test]
async fn lines_of_one_key_are_stored_in_their_order() {
    let endpoint = endpoint(2).await;
    // What is refused is tried again, and what follows it waits.
    endpoint.faults().set(Faults::seeded(7).fail_entries(0.1));
    let lines = numbered(0..=199);
    put(&endpoint, ["--key", "k", "--unlimited"]).input(lines).run().await.ok();
    let expected: Vec<String> = (0..200).map(|number| number.to_string()).collect();
    assert_eq!(stored(&endpoint), expected);
}
