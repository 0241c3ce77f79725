//! The same, whoever reads it and in whichever format.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::SystemTime;

use headwater::ErrorKind;
use headwater::source::{Fetch, Record, Shard};
use headwater_local::Operation;

use super::pushed::Setup;
use super::*;
use crate::source::polling::PollingFetch;
use crate::spy::{Seen, answer, wire};

const WIRES: [Wire; 3] = [Wire::Sdk, Wire::Json, Wire::Cbor];

/// Payload, key, sequence number and arrival.
type Fields = (Vec<u8>, Option<String>, String, Option<SystemTime>);

/// All that a page tells.
#[derive(Debug, Default, PartialEq)]
struct Told {
    records: Vec<Fields>,
    end: Option<Vec<Shard>>,
}

impl Told {
    fn add(&mut self, page: Page) {
        let told = |record: Record| {
            let key = record.key.map(|key| key.partition_key().to_owned());
            (record.payload.to_vec(), key, record.sequence.to_string(), record.arrival)
        };
        assert_eq!(page.bytes, page.records.iter().map(|record| record.payload.len()).sum::<usize>());
        self.records.extend(page.records.into_iter().map(told));
        self.end = page.end;
    }
}

/// Puts what is hard to write or to read, 10 MiB of it, and ends the shard.
fn put_hostile(local: &LocalKinesis) -> usize {
    let keys = [
        "plain".to_owned(),
        "\"quoted\" and \\back\\slashed / \"".to_owned(),
        "\u{0}\u{1}\u{8}\t\n\u{c}\r\u{1f}\u{7f}".to_owned(),
        "\u{1f980} \u{fffd} \u{10ffff} \u{2028}</script>".to_owned(),
        "x".repeat(256),
        "\u{1f980}".repeat(256),
        "\u{1}".repeat(256),
    ];
    let mebibyte = (1 << 20) - 2_000;
    let lengths = (0..200).chain([1_000, 16_383, 16_384, 16_385, 65_536, 65_537]).chain([mebibyte; 10]);
    let mut count = 0;
    for (length, key) in lengths.zip(keys.iter().cycle()) {
        let data: Vec<u8> = (0..length).map(|byte| (byte * 7 + count) as u8).collect();
        local.put("orders", key, data).unwrap();
        count += 1;
    }
    local.split_shard("orders", shard(0).as_str()).unwrap();
    count
}

#[tokio::test(start_paused = true)]
async fn every_wire_polls_the_same_fields() {
    let local = local();
    let count = put_hostile(&local);
    let mut told = Vec::new();
    for wire in WIRES {
        let polling = polling_by(&local.client(), wire);
        let mut fetch = PollingFetch::new(polling, shard(0), BEGINNING);
        let mut read = Told::default();
        while read.end.is_none() {
            read.add(fetch.next().await.unwrap());
        }
        assert_eq!((read.records.len(), read.end.as_ref().unwrap().len()), (count, 2), "{wire:?}");
        told.push(read);
    }
    assert!(told[1] == told[0], "JSON");
    assert!(told[2] == told[0], "CBOR");
}

#[tokio::test(start_paused = true)]
async fn every_wire_is_pushed_the_same_fields() {
    let local = local();
    let count = put_hostile(&local);
    let mut told = Vec::new();
    for wire in WIRES {
        let setup = Setup::polled(local.clone(), polling_by(&local.client(), wire)).await;
        let mut reader = setup.open(BEGINNING);
        let before = local.counters().calls(Operation::GetRecords);
        let mut read = Told::default();
        while read.end.is_none() {
            reader.fetch.due().await;
            read.add(reader.fetch.next().await.unwrap());
        }
        assert_eq!((read.records.len(), read.end.as_ref().unwrap().len()), (count, 2), "{wire:?}");
        assert_eq!(local.counters().calls(Operation::GetRecords), before, "nothing was polled");
        told.push(read);
        drop(reader);
        setup.handle().deregister().await.unwrap();
    }
    assert!(told[1] == told[0], "JSON");
    assert!(told[2] == told[0], "CBOR");
}

/// Reads shard 0 where the first answer with records is another one.
async fn read_after(wire_format: Wire, body: &'static str) -> (headwater::Error, Vec<usize>) {
    let local = local();
    put(&local, 0..3);
    let answered = AtomicUsize::new(0);
    let http = wire(&local, move |request| {
        let asks = request.headers().get("x-amz-target").is_some_and(|call| call.ends_with("GetRecords"));
        let is_first = asks && answered.fetch_add(1, Ordering::Relaxed) == 0;
        if is_first { answer(200, None, body) } else { Seen::Through }
    });
    let client = Client::from_conf(local.kinesis_config().http_client(http).build());
    let mut fetch = PollingFetch::new(polling_by(&client, wire_format), shard(0), BEGINNING);
    let error = fetch.next().await.unwrap_err();
    (error, numbers(&fetch.next().await.unwrap()))
}

#[tokio::test(start_paused = true)]
async fn nothing_is_handed_out_of_an_answer_that_is_cut_or_malformed_and_it_is_read_again() {
    let cases = [
        (r#"{"Records":[{"Data":"MA==","SequenceNumber":"7"},{"Da"#, "more of an answer expected at byte 53"),
        (r#"{"Records":[{"Data":"MA==","SequenceNumber":"7"},{"Data":7}]}"#, "a string expected at byte 57"),
        (r#"{"Records":[{"Data":"M","SequenceNumber":"7"}]}"#, "base64 before expected at byte 45"),
        (r#"{"NextShardIterator":"x","MillisBehindLatest":0}"#, "Records before expected at byte 48"),
        ("", "more of an answer expected at byte 0"),
    ];
    for (body, expected) in cases {
        let (error, read) = read_after(Wire::Json, body).await;
        assert_eq!(error.kind(), ErrorKind::Unavailable);
        let text = error.to_string();
        assert!(
            text.contains("get records from shardId-000000000000 of") && text.contains(expected),
            "{text}"
        );
        assert_eq!(read, [0, 1, 2]);
    }
}

#[tokio::test(start_paused = true)]
async fn an_endpoint_that_refuses_cbor_is_read_in_json() {
    let local = LocalKinesis::builder().stream("orders", 1).refuse_cbor().build();
    put(&local, 0..3);
    let polling = polling_by(&local.client(), Wire::Cbor);
    let mut fetch = PollingFetch::new(Arc::clone(&polling), shard(0), BEGINNING);
    assert_eq!(numbers(&fetch.next().await.unwrap()), [0, 1, 2]);
    let refused = local.counters().refused(Operation::GetRecords);
    assert_eq!(polling.api.wire.format(), Some(crate::wire::Format::Json));
    fetch.next().await.unwrap();
    assert_eq!(local.counters().refused(Operation::GetRecords), refused, "it is not tried again");
}
