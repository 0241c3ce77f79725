//! A relay under faults, seeded: nothing is lost, and nothing is acked that was not delivered.

use std::collections::HashSet;
use std::time::Duration;

use futures::{StreamExt, TryStreamExt};
use headwater::checkpoint::{Application, CheckpointStore, MemoryCheckpoints};
use headwater::source::Until;
use headwater::{Position, SequenceNumber};
use headwater_kinesis::codec;
use headwater_kinesis::{KinesisSink, KinesisSource, Limits};
use headwater_local::{ErrorCode, Fault, FaultKind, Faults, LocalKinesis, Operation};
use headwater_tests::seeds;

use crate::ledger::{Ledger, fill, number};

const RECORDS: usize = 2_000;

/// 20 % of entries fail, half of them with a code of throttling; calls fail, are reset, lose their answers, hang.
fn faults(plan: Faults) -> Faults {
    plan.add(Fault::fail_entries(ErrorCode::ProvisionedThroughputExceeded).chance(0.1))
        .add(Fault::fail_entries(ErrorCode::InternalFailure).chance(0.1))
        .add(
            Fault::fail_calls(ErrorCode::ProvisionedThroughputExceeded)
                .on(Operation::GetRecords)
                .chance(0.05),
        )
        .add(Fault::fail_calls(ErrorCode::InternalFailure).chance(0.02))
        .add(Fault::reset().chance(0.02))
        .add(Fault::lose_answer().chance(0.02))
        .add(Fault::hang().chance(0.01))
}

fn source(local: &LocalKinesis, store: &MemoryCheckpoints) -> headwater_kinesis::KinesisSourceBuilder {
    KinesisSource::builder("orders")
        .client(local.client())
        .checkpoints(store.clone())
        .until(Until::Tip)
        .unpaced()
        .record_limit(100)
        .attempt_timeout(Duration::from_millis(300))
        .commit_interval(Duration::from_millis(20))
}

fn sink(local: &LocalKinesis) -> headwater_kinesis::KinesisSinkBuilder {
    KinesisSink::builder("invoices")
        .client(local.client())
        .limits(Limits::Unlimited)
        .batch_records(100)
        .linger(Duration::from_millis(5))
        .expo_backoff(Duration::from_millis(5))
        .expo_backoff_limit(Duration::from_millis(50))
        .attempt_timeout(Duration::from_millis(300))
}

/// The numbers behind the stored checkpoints: those that are acked.
async fn acked(local: &LocalKinesis, store: &MemoryCheckpoints) -> HashSet<usize> {
    let mut acked = HashSet::new();
    for row in store.list(&Application::new("headwater", "orders")).await.unwrap() {
        let Position::After { sequence, .. } = row.checkpoint.position else { continue };
        let records = local.shard_records("orders", row.shard.as_str()).unwrap();
        let done = records.iter().filter(|r| SequenceNumber::from(r.sequence_number.as_str()) <= sequence);
        acked.extend(done.map(number));
    }
    acked
}

#[tokio::test]
async fn a_relay_under_faults_loses_nothing_and_keeps_the_order_of_each_key() {
    for seed in seeds(3) {
        let local = LocalKinesis::builder().stream("orders", 4).stream("invoices", 3).build();
        fill(&local, "orders", 0..RECORDS);
        let store = MemoryCheckpoints::new();
        local.faults().set(faults(Faults::seeded(seed)));
        let orders = source(&local, &store).connect().await.unwrap().decode(codec::json::<usize>());
        let invoices = sink(&local).connect().await.unwrap().encode(codec::json());
        let control = orders.control();
        orders.map_ok(|order| order.map(|n| n)).forward(invoices).await.unwrap();
        control.finished().await.unwrap();

        let ledger = Ledger::of(&local, "invoices");
        assert_eq!(ledger.lost(0..RECORDS), [0; 0], "seed {seed}");
        assert_eq!(ledger.out_of_order, [0; 0], "seed {seed}");
        assert_eq!(acked(&local, &store).await.len(), RECORDS, "seed {seed}");
        assert!(local.counters().faults(FaultKind::FailEntry) > 0, "seed {seed}");
    }
}

#[tokio::test]
async fn a_source_is_never_acked_for_a_record_that_the_sink_could_not_deliver() {
    for seed in seeds(3) {
        let local = LocalKinesis::builder().stream("orders", 4).stream("invoices", 3).build();
        fill(&local, "orders", 0..RECORDS);
        let store = MemoryCheckpoints::new();
        // From somewhere in the middle on entries fail for good, while those before fail and recover as they do.
        let fatal = Fault::fail_entries(ErrorCode::Other { name: "KMSDisabledException", status: 400 });
        let fatal = fatal.skip(500 + seed);
        local.faults().set(faults(Faults::seeded(seed).add(fatal)));
        let orders = source(&local, &store).connect().await.unwrap();
        let control = orders.control();
        let error = orders.forward(sink(&local).connect().await.unwrap()).await.unwrap_err();
        assert!(error.undelivered_len() > 0, "seed {seed}: {error}");
        drop(error);
        control.finished().await.unwrap_err();

        let stored = Ledger::of(&local, "invoices");
        let undelivered: Vec<usize> = acked(&local, &store)
            .await
            .into_iter()
            .filter(|number| !stored.counts.contains_key(number))
            .collect();
        assert_eq!(undelivered, [0; 0], "seed {seed}: acked and not delivered");

        // A second run with the same checkpoints delivers what the first could not.
        local.faults().clear();
        let again = source(&local, &store).connect().await.unwrap();
        let control = again.control();
        again.forward(sink(&local).connect().await.unwrap()).await.unwrap();
        control.finished().await.unwrap();
        assert_eq!(Ledger::of(&local, "invoices").lost(0..RECORDS), [0; 0], "seed {seed}");
    }
}
