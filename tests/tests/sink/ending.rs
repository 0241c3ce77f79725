//! How a sink ends, and what it hands back.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use futures::SinkExt;
use headwater::codec::Framed;
use headwater::{ErrorKind, Message, Undelivered};
use headwater_kinesis::codec::Kpl;
use headwater_kinesis::{KinesisSink, KinesisSinkBuilder};
use headwater_local::{Fault, Faults, LocalKinesis, Operation};
use headwater_tests::Kcl;
use tokio::time::Instant;

use crate::ledger::{assert_all_acked, assert_whole_and_in_order, one_of, owing};

const MESSAGES: usize = 1_000;

fn orders(local: &LocalKinesis) -> KinesisSinkBuilder {
    KinesisSink::builder("orders").client(local.client())
}

/// Fails unless each message was handed back once, in the order in which those of its key were sent.
fn assert_all_handed_back(undelivered: &[Undelivered]) {
    let number = |one: &Undelivered| std::str::from_utf8(one.message().payload()).unwrap().parse().unwrap();
    let numbers: Vec<usize> = undelivered.iter().map(number).collect();
    assert_eq!(numbers.len(), MESSAGES);
    assert_eq!(numbers.iter().collect::<BTreeSet<_>>().len(), MESSAGES, "each once");
}

#[tokio::test(start_paused = true)]
async fn send_after_close_is_an_error() {
    let local = LocalKinesis::builder().stream("orders", 1).build();
    let mut sink = orders(&local).connect().await.unwrap();
    sink.feed(Message::keyed("1".into(), "a")).await.unwrap();
    sink.close().await.unwrap();
    let error = sink.send(Message::keyed("2".into(), "a")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Closed, "{error}");
    assert_eq!(local.record_count("orders").unwrap(), 1);
}

#[tokio::test(start_paused = true)]
async fn close_ends_within_its_deadline_and_hands_back_what_was_not_sent() {
    let throttled = || Faults::seeded(1).throttle_shard("orders", "shardId-000000000000");
    let silent = || Faults::seeded(1).add(Fault::hang().on(Operation::PutRecords));
    for (faults, what) in [(throttled(), "throttled"), (silent(), "silent")] {
        for aggregated in [false, true] {
            let local = LocalKinesis::builder().stream("orders", 1).build();
            let sink = orders(&local).close_deadline(Duration::from_secs(5)).connect().await.unwrap();
            let mut sink = if aggregated { sink.framed(Arc::new(Kpl)) } else { sink };
            local.faults().set(faults.clone());
            let (tracker, messages) = owing(MESSAGES, one_of(100));
            for message in messages {
                sink.feed(message).await.unwrap();
            }
            let started = Instant::now();
            let error = sink.close().await.unwrap_err();
            assert!(started.elapsed() <= Duration::from_millis(5_010), "{what}: {:?}", started.elapsed());
            assert_all_handed_back(&error.into_undelivered());
            assert_eq!(tracker.watermark(), None, "{what}: none is acked");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn flush_returns_each_unsent_record_once_with_its_reason() {
    for aggregated in [false, true] {
        let local = LocalKinesis::builder().stream("orders", 1).build();
        let sink = orders(&local).retry_limit(2).connect().await.unwrap();
        let mut sink = if aggregated { sink.framed(Arc::new(Kpl)) } else { sink };
        local.faults().set(Faults::seeded(1).throttle_shard("orders", "shardId-000000000000"));
        let (tracker, messages) = owing(MESSAGES, one_of(100));
        for message in messages {
            sink.feed(message).await.unwrap();
        }
        let undelivered = sink.drain().await;
        assert_all_handed_back(&undelivered);
        assert!(undelivered.iter().any(|one| one.reason().kind() == ErrorKind::Throttled));
        assert!(sink.drain().await.is_empty(), "a later one returns none of them again");

        // As they were submitted, in their order and with their acks.
        local.faults().clear();
        for one in undelivered {
            sink.feed(one.into_message()).await.unwrap();
        }
        assert!(sink.drain().await.is_empty());
        let reading = Kcl::Strict.read_local(&local, "orders");
        assert_eq!(reading.count(), MESSAGES);
        assert_whole_and_in_order(&reading, MESSAGES, "sent again");
        assert_all_acked(&tracker, MESSAGES, "sent again");
    }
}
