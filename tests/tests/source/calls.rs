//! Calls that fail once.

use std::time::Duration;

use headwater::source::Until;
use headwater_local::{ErrorCode, Fault, FaultKind, Faults, LocalKinesis, Operation};

use crate::collect::{numbers, read};
use crate::numbered::{filled, orders};

const RECORDS: usize = 200;

/// Everything that can happen to one call and pass.
fn faults() -> Vec<(Fault, FaultKind)> {
    let failures = [
        ErrorCode::InternalFailure,
        ErrorCode::ServiceUnavailable,
        ErrorCode::Throttling,
        ErrorCode::LimitExceeded,
        ErrorCode::ProvisionedThroughputExceeded,
    ];
    let mut faults: Vec<_> =
        failures.into_iter().map(|code| (Fault::fail_calls(code), FaultKind::FailCall)).collect();
    faults.push((Fault::hang(), FaultKind::Hang));
    faults.push((Fault::reset(), FaultKind::Reset));
    faults.push((Fault::lose_answer(), FaultKind::LoseAnswer));
    faults
}

#[tokio::test(start_paused = true)]
async fn a_shard_survives_any_single_failed_call() {
    use Operation::{DescribeStreamSummary, GetRecords, GetShardIterator, ListShards};
    for operation in [DescribeStreamSummary, ListShards, GetShardIterator, GetRecords] {
        for (fault, kind) in faults() {
            let mut struck = 0;
            for earlier in 0..3 {
                let local = filled(LocalKinesis::builder(), 2, RECORDS);
                let single = fault.clone().on(operation).skip(earlier).times(1);
                local.faults().set(Faults::seeded(0).add(single));
                let source = orders(&local).until(Until::Tip).record_limit(30);
                let what = format!("{operation:?}, {kind:?} after {earlier}");
                let source = source.attempt_timeout(Duration::from_secs(5)).connect().await;
                let seen = read(source.unwrap_or_else(|error| panic!("{what}: {error}"))).await;
                let seen = seen.unwrap_or_else(|error| panic!("{what}: {error}"));
                assert_eq!(numbers(&seen), (0..RECORDS).collect::<Vec<_>>(), "{what}");
                struck += local.counters().faults(kind);
            }
            assert!(struck > 0, "{operation:?} never met {kind:?}");
        }
    }
}
