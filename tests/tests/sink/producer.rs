//! Many tasks that send to one sink.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use headwater::codec::Framed;
use headwater::{ErrorKind, Message, SequenceNumber, Undelivered};
use headwater_kinesis::codec::Kpl;
use headwater_kinesis::kpl::{Contents, deaggregate};
use headwater_kinesis::{KinesisSink, KinesisSinkBuilder};
use headwater_local::{ErrorCode, Fault, Faults, LocalKinesis, Operation};
use headwater_tests::Kcl;
use tokio::time::Instant;

use crate::ledger::{assert_all_acked, assert_whole_and_in_order, one_of, owing};

fn orders(local: &LocalKinesis) -> KinesisSinkBuilder {
    KinesisSink::builder("orders").client(local.client())
}

fn number(undelivered: &Undelivered) -> usize {
    std::str::from_utf8(undelivered.message().payload()).unwrap().parse().unwrap()
}

/// What takes nothing for good: a throttled shard, and one that never answers.
fn blockages() -> [Faults; 2] {
    [
        Faults::seeded(1).throttle_shard("orders", "shardId-000000000000"),
        Faults::seeded(1).add(Fault::hang().on(Operation::PutRecords)),
    ]
}

#[tokio::test(start_paused = true)]
async fn ten_thousand_concurrent_sends_through_a_queue_of_one_lose_and_repeat_nothing() {
    const MESSAGES: usize = 10_000;
    let local = LocalKinesis::builder().stream("orders", 2).build();
    let producer = orders(&local).max_queue(1).connect().await.unwrap().producer();
    let (tracker, messages) = owing(MESSAGES, one_of(100));
    let tasks = messages.map(|message| {
        let producer = producer.clone();
        tokio::spawn(async move { producer.put(message).await?.await })
    });
    let mut places = BTreeSet::new();
    for answer in join_all(tasks.collect::<Vec<_>>()).await {
        let delivered = answer.unwrap().unwrap();
        let place = (delivered.shard().to_string(), delivered.sequence().to_string());
        assert!(places.insert((place, delivered.sub_sequence())), "each lies in a place of its own");
    }
    assert!(producer.close().await.is_empty());
    assert_eq!(places.len(), MESSAGES);
    assert_eq!(local.record_count("orders").unwrap(), MESSAGES);
    let reading = Kcl::Strict.read_local(&local, "orders");
    let distinct: BTreeSet<_> = reading.payloads.values().flatten().collect();
    assert_eq!(distinct.len(), MESSAGES, "each once");
    assert_all_acked(&tracker, MESSAGES, "put");
}

#[tokio::test(start_paused = true)]
async fn a_receipt_tells_where_its_message_lies() {
    let local = LocalKinesis::builder().stream("orders", 2).build();
    let sink = orders(&local).connect().await.unwrap().framed(Arc::new(Kpl));
    let producer = sink.producer();
    local.faults().set(Faults::seeded(1).add(Fault::fail_entries(ErrorCode::InternalFailure).times(1)));
    let mut receipts = Vec::new();
    for number in 0..100 {
        let message = Message::keyed(number.to_string().into(), format!("key-{}", number % 10));
        receipts.push((number, producer.put(message).await.unwrap()));
    }
    assert!(producer.flush().await.is_empty());
    let records = local.records("orders").unwrap();
    let mut attempts = BTreeSet::new();
    for (number, receipt) in receipts {
        let delivered = receipt.await.unwrap();
        let sequence = |text: &str| SequenceNumber::from(text);
        let record = records.iter().find(|record| sequence(&record.sequence_number) == *delivered.sequence());
        let record = record.expect("it is stored there");
        assert_eq!(record.shard_id, delivered.shard().as_str());
        let Contents::Aggregate(users) = deaggregate(&record.data).unwrap() else { panic!("many share it") };
        let place = usize::try_from(delivered.sub_sequence().expect("it shares its record")).unwrap();
        assert_eq!(users[place].data, number.to_string());
        attempts.insert(delivered.attempts());
    }
    assert_eq!(attempts, BTreeSet::from([1, 2]), "those of the record that failed once were put twice");
}

#[tokio::test(start_paused = true)]
async fn close_ends_within_its_deadline_and_hands_back_what_was_not_sent() {
    const MESSAGES: usize = 1_000;
    for faults in blockages() {
        for aggregated in [false, true] {
            let local = LocalKinesis::builder().stream("orders", 1).build();
            let sink = orders(&local).close_deadline(Duration::from_secs(5)).connect().await.unwrap();
            let sink = if aggregated { sink.framed(Arc::new(Kpl)) } else { sink };
            let producer = sink.producer();
            local.faults().set(faults.clone());
            let (tracker, messages) = owing(MESSAGES, one_of(100));
            let mut receipts = Vec::new();
            for (number, message) in messages.enumerate() {
                // Every other one asks for a receipt, which is then where it is handed back.
                if number % 2 == 0 {
                    receipts.push(producer.put(message).await.unwrap());
                } else {
                    producer.send(message).await.unwrap();
                }
            }
            let started = Instant::now();
            let mut undelivered = producer.close().await;
            assert!(started.elapsed() <= Duration::from_millis(5_010), "{:?}", started.elapsed());
            assert_eq!(undelivered.len(), MESSAGES / 2);
            for receipt in receipts {
                let error = receipt.await.unwrap_err();
                let mut back = error.into_undelivered();
                assert_eq!(back.len(), 1, "a receipt hands back its own");
                undelivered.append(&mut back);
            }
            let numbers: BTreeSet<usize> = undelivered.iter().map(number).collect();
            assert_eq!((numbers.len(), undelivered.len()), (MESSAGES, MESSAGES), "each once");
            assert_eq!(tracker.watermark(), None, "none is acked");
            assert!(producer.close().await.is_empty(), "a second close has none of them");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn flush_returns_each_unsent_record_once_with_its_reason() {
    const MESSAGES: usize = 1_000;
    let local = LocalKinesis::builder().stream("orders", 1).build();
    let sink = orders(&local).retry_limit(2).connect().await.unwrap().framed(Arc::new(Kpl));
    let producer = sink.producer();
    local.faults().set(Faults::seeded(1).throttle_shard("orders", "shardId-000000000000"));
    let (tracker, messages) = owing(MESSAGES, one_of(100));
    for message in messages {
        producer.send(message).await.unwrap();
    }
    let undelivered = producer.flush().await;
    let numbers: BTreeSet<usize> = undelivered.iter().map(number).collect();
    assert_eq!((numbers.len(), undelivered.len()), (MESSAGES, MESSAGES), "each once");
    assert!(undelivered.iter().any(|one| one.reason().kind() == ErrorKind::Throttled));
    assert!(producer.flush().await.is_empty(), "a later flush returns none of them again");

    local.faults().clear();
    for one in undelivered {
        producer.send(one.into_message()).await.unwrap();
    }
    assert!(producer.flush().await.is_empty());
    let reading = Kcl::Strict.read_local(&local, "orders");
    assert_eq!(reading.count(), MESSAGES);
    assert_whole_and_in_order(&reading, MESSAGES, "sent again");
    assert_all_acked(&tracker, MESSAGES, "sent again");
}

#[tokio::test(start_paused = true)]
async fn send_after_close_is_an_error_for_every_handle() {
    let local = LocalKinesis::builder().stream("orders", 1).build();
    let producer = orders(&local).connect().await.unwrap().producer();
    let other = producer.clone();
    producer.send(Message::keyed("1".into(), "a")).await.unwrap();
    assert!(producer.close().await.is_empty());
    for closed in [
        producer.send(Message::keyed("2".into(), "a")).await.unwrap_err(),
        other.send(Message::keyed("2".into(), "a")).await.unwrap_err(),
        other.put(Message::keyed("2".into(), "a")).await.unwrap_err(),
    ] {
        assert_eq!(closed.kind(), ErrorKind::Closed, "{closed}");
        assert_eq!(closed.into_undelivered().len(), 1, "it has its message back");
    }
    assert_eq!(local.record_count("orders").unwrap(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_last_handle_that_is_dropped_leaves_what_it_accepted_to_be_sent() {
    let local = LocalKinesis::builder().stream("orders", 1).build();
    let sink = orders(&local).connect().await.unwrap();
    let producer = sink.producer();
    drop(sink);
    let receipt = producer.put(Message::keyed("1".into(), "a")).await.unwrap();
    drop(producer);
    receipt.await.unwrap();
    assert_eq!(local.record_count("orders").unwrap(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_receipt_that_nobody_waits_for_loses_nothing() {
    let local = LocalKinesis::builder().stream("orders", 1).build();
    let producer = orders(&local).retry_limit(1).connect().await.unwrap().producer();
    local.faults().set(Faults::seeded(1).throttle_shard("orders", "shardId-000000000000"));
    drop(producer.put(Message::keyed("7".into(), "a")).await.unwrap());
    let undelivered = producer.flush().await;
    assert_eq!(undelivered.iter().map(number).collect::<Vec<_>>(), [7], "it is handed back like any other");
}
