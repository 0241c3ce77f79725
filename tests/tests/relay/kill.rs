//! A relay killed with -9 in mid-run, and started again with the same checkpoints.

use std::collections::HashSet;
use std::process::Stdio;
use std::time::Duration;

use headwater::checkpoint::{Application, CheckpointStore};
use headwater::{Position, SequenceNumber};
use headwater_local::{Fault, Faults, LocalKinesis, Operation, Server};
use headwater_sqlite::SqliteCheckpoints;
use headwater_tests::{eventually, seeds};
use serde_json::Value;
use tokio::process::Command;

use crate::example::relay;

const RECORDS: usize = 6_000;

/// The order of a record, whichever of the two streams it lies on.
fn order(data: &[u8]) -> usize {
    let value: Value = serde_json::from_slice(data).unwrap();
    let id = value.get("id").or_else(|| value.get("order")).and_then(Value::as_u64);
    usize::try_from(id.expect("an order")).unwrap()
}

/// The orders that the checkpoints do not cover: what a restart may repeat.
async fn unacked(local: &LocalKinesis, store: &std::path::Path) -> HashSet<usize> {
    let mut unacked: HashSet<usize> = (0..RECORDS).collect();
    let Ok(store) = SqliteCheckpoints::open(store).await else { return unacked };
    for row in store.list(&Application::new("relay", "orders")).await.unwrap() {
        let Position::After { sequence, .. } = row.checkpoint.position else { continue };
        for record in local.shard_records("orders", row.shard.as_str()).unwrap() {
            if SequenceNumber::from(record.sequence_number.as_str()) <= sequence {
                unacked.remove(&order(&record.data));
            }
        }
    }
    unacked
}

async fn kill_in_mid_run(server: &Server, store: &std::path::Path, after: usize) {
    let local = server.local();
    let mut running = relay(&server.endpoint_url(), RECORDS, Some(store)).spawn().unwrap();
    eventually("the relay is in the middle of its work", async || {
        let relayed = local.record_count("invoices").unwrap_or(0);
        (relayed >= after || running.try_wait().unwrap().is_some()).then_some(())
    })
    .await;
    // SIGKILL: the process has no say in it.
    running.kill().await.unwrap();
}

#[tokio::test]
async fn a_relay_killed_in_mid_run_loses_nothing_and_repeats_only_what_was_unacked() {
    for seed in seeds(3) {
        let folder = tempfile::tempdir().unwrap();
        let store = folder.path().join("checkpoints.sqlite");
        let server = LocalKinesis::builder().serve().await.unwrap();
        // Slow enough that the kill finds it at work, whatever the machine.
        let slow = |millis| {
            Fault::delay(Duration::from_millis(millis)).in_stream("invoices").on(Operation::PutRecords)
        };
        server.local().faults().set(Faults::seeded(seed).add(slow(60)).add(slow(60).chance(0.5)));
        // From the first record to two thirds of them, by the seed.
        let after = fastrand::Rng::with_seed(seed).usize(1..RECORDS * 2 / 3);
        kill_in_mid_run(&server, &store, after).await;
        server.local().faults().clear();
        let before = server.local().record_count("invoices").unwrap_or(0);
        assert!(before < RECORDS, "seed {seed}: it was done before it was killed");
        let unacked = unacked(server.local(), &store).await;

        let mut command: Command = relay(&server.endpoint_url(), RECORDS, Some(&store));
        let output = tokio::time::timeout(Duration::from_mins(1), command.stderr(Stdio::piped()).output());
        let output = output.await.expect("it ends").unwrap();
        let report: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| {
            panic!("seed {seed}: {error}: {}", String::from_utf8_lossy(&output.stderr))
        });
        assert_eq!(report["lost"], 0, "seed {seed}: {report}");
        assert_eq!(report["out_of_order"], 0, "seed {seed}: {report}");

        let mut seen = HashSet::new();
        let records = server.local().records("invoices").unwrap();
        let repeated: HashSet<usize> =
            records.iter().map(|record| order(&record.data)).filter(|&id| !seen.insert(id)).collect();
        assert!(repeated.is_subset(&unacked), "seed {seed}: what was acked is not sent again");
        println!(
            "seed {seed}: killed after {before} of {RECORDS}, {} of {} unacked repeated",
            report["repeated"],
            unacked.len(),
        );
    }
}
