//! What fails in passing, or for one record alone, while messages share aggregates.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use futures::SinkExt;
use headwater::codec::Framed;
use headwater::{ErrorKind, Undelivered};
use headwater_kinesis::KinesisSink;
use headwater_kinesis::codec::Kpl;
use headwater_local::{ErrorCode, Fault, Faults, LocalKinesis, Operation};
use headwater_tests::Kcl;
use tokio::time::Instant;

use crate::ledger::{assert_whole_and_in_order, one_of, owing};

const MESSAGES: usize = 400;

async fn aggregating(local: &LocalKinesis) -> KinesisSink {
    let sink = KinesisSink::builder("orders").client(local.client()).frame_size(500);
    sink.attempt_timeout(Duration::from_secs(2)).connect().await.unwrap().framed(Arc::new(Kpl))
}

/// Sends everything and returns what was handed back.
async fn send_all(sink: &mut KinesisSink) -> Vec<Undelivered> {
    let (_, messages) = owing(MESSAGES, one_of(40));
    for message in messages {
        sink.feed(message).await.unwrap();
    }
    sink.drain().await
}

fn numbers(undelivered: &[Undelivered]) -> BTreeSet<usize> {
    let number = |one: &Undelivered| std::str::from_utf8(one.message().payload()).unwrap().parse().unwrap();
    undelivered.iter().map(number).collect()
}

fn stored(local: &LocalKinesis) -> Vec<usize> {
    let reading = Kcl::Strict.read_local(local, "orders");
    let payloads = reading.payloads.into_values().flatten();
    payloads.map(|payload| std::str::from_utf8(&payload).unwrap().parse().unwrap()).collect()
}

#[tokio::test(start_paused = true)]
async fn any_error_code_on_one_record_retries_that_record_alone() {
    for code in [
        ErrorCode::ProvisionedThroughputExceeded,
        ErrorCode::InternalFailure,
        ErrorCode::Other { name: "KMSThrottlingException", status: 400 },
        ErrorCode::Other { name: "NeverHeardOf", status: 400 },
    ] {
        let local = LocalKinesis::builder().stream("orders", 4).build();
        let mut sink = aggregating(&local).await;
        local.faults().set(Faults::seeded(1).add(Fault::fail_entries(code).skip(1).times(1)));
        let undelivered = send_all(&mut sink).await;
        assert!(undelivered.is_empty(), "{code}");
        assert_eq!(local.counters().entries_failed(), 1, "{code}");
        let reading = Kcl::Strict.read_local(&local, "orders");
        assert_whole_and_in_order(&reading, MESSAGES, code.name());
        assert_eq!(reading.count(), MESSAGES, "{code}: its neighbours arrive once");
    }
}

#[tokio::test(start_paused = true)]
async fn any_error_code_on_one_record_fails_that_record_alone() {
    for name in ["KMSAccessDeniedException", "KMSDisabledException", "KMSNotFoundException"] {
        let local = LocalKinesis::builder().stream("orders", 4).build();
        let mut sink = aggregating(&local).await;
        let code = ErrorCode::Other { name, status: 400 };
        local.faults().set(Faults::seeded(1).add(Fault::fail_entries(code).skip(1).times(1)));
        let undelivered = send_all(&mut sink).await;
        assert_eq!(local.counters().entries_failed(), 1, "{name}: it is not retried");
        assert!(undelivered.iter().all(|one| one.reason().kind() != ErrorKind::Closed), "{name}");
        assert!(undelivered[0].reason().to_string().contains(name), "{}", undelivered[0].reason());

        // Every message is one or the other, and none is both.
        let (failed, stored) = (numbers(&undelivered), stored(&local));
        assert_eq!(failed.len(), undelivered.len(), "{name}: each is handed back once");
        assert_eq!(stored.len() + failed.len(), MESSAGES, "{name}: the neighbours arrive once");
        assert!(stored.iter().all(|number| !failed.contains(number)), "{name}");
        assert!(failed.len() < MESSAGES, "{name}: and there are such");
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_never_answers_times_out_and_is_retried() {
    for fault in [Fault::hang(), Fault::hang_answer(), Fault::reset(), Fault::lose_answer()] {
        let local = LocalKinesis::builder().stream("orders", 4).build();
        let mut sink = aggregating(&local).await;
        local.faults().set(Faults::seeded(1).add(fault.on(Operation::PutRecords).times(1)));
        let started = Instant::now();
        assert!(send_all(&mut sink).await.is_empty());
        assert!(started.elapsed() < Duration::from_secs(4), "{:?}", started.elapsed());
        let reading = Kcl::Strict.read_local(&local, "orders");
        assert_whole_and_in_order(&reading, MESSAGES, "one call without an answer");
    }
}
