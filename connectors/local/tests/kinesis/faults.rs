//! Every kind of fault, as a client meets it.

use std::time::Duration;

use aws_sdk_kinesis::Client;
use aws_sdk_kinesis::config::retry::RetryConfig;
use aws_sdk_kinesis::config::timeout::TimeoutConfig;
use aws_sdk_kinesis::error::SdkError;
use aws_sdk_kinesis::operation::put_record::{PutRecordError, PutRecordOutput};
use aws_sdk_kinesis::types::ShardIteratorType;
use headwater_local::{ErrorCode, Fault, FaultKind, Faults, LocalKinesis, Operation};

use crate::{FIRST, client, code, entry, iterator, shard_id};

type Put = Result<PutRecordOutput, SdkError<PutRecordError>>;

async fn put(client: &Client) -> Put {
    let put = client.put_record().stream_name("orders").partition_key("k").data(b"x"[..].into());
    put.send().await.map_err(|error| error.map_service_error(|error| error))
}

fn orders() -> LocalKinesis {
    LocalKinesis::builder().stream("orders", 2).build()
}

/// Which entries of some requests fail, and how.
async fn failed_entries(local: &LocalKinesis) -> Vec<Option<String>> {
    let client = client(local);
    let mut codes = Vec::new();
    for _ in 0..4 {
        let entries = (0..250).map(|index| entry(&format!("k{index}"), b"x")).collect();
        let call = client.put_records().stream_name("orders").set_records(Some(entries));
        let answer = call.send().await.unwrap();
        codes.extend(answer.records.into_iter().map(|entry| entry.error_code));
    }
    codes
}

#[tokio::test]
async fn entries_fail_as_the_seed_says_and_the_others_are_stored() {
    let runs = [42, 42, 43].map(|seed| async move {
        let local = orders();
        local.faults().set(Faults::seeded(seed).fail_entries(0.2));
        let codes = failed_entries(&local).await;
        let failed = codes.iter().flatten().count();
        assert!((150..250).contains(&failed), "{failed}");
        assert_eq!(local.record_count("orders").unwrap(), 1000 - failed);
        assert_eq!(local.counters().entries_accepted(), 1000 - failed as u64);
        assert_eq!(local.counters().entries_failed(), failed as u64);
        assert_eq!(local.counters().faults(FaultKind::FailEntry), failed as u64);
        codes
    });
    let [a, b, c] = runs;
    let (a, b, c) = (a.await, b.await, c.await);
    assert_eq!(a, b);
    assert_ne!(a, c);
    let codes: std::collections::BTreeSet<String> = a.into_iter().flatten().collect();
    let expected = ["InternalFailure", "ProvisionedThroughputExceededException"];
    assert_eq!(codes.into_iter().collect::<Vec<_>>(), expected);
}

#[tokio::test]
async fn one_shard_can_be_throttled_alone() {
    let local = orders();
    local.faults().set(Faults::seeded(0).throttle_shard("orders", shard_id(1)));
    failed_entries(&local).await;
    assert!(local.shard_records("orders", &shard_id(1)).unwrap().is_empty());
    let other = local.shard_records("orders", FIRST).unwrap().len() as u64;
    assert_eq!(local.counters().entries_failed(), 1000 - other);
    local.faults().clear();
    assert!(failed_entries(&local).await.iter().all(Option::is_none));
}

#[tokio::test]
async fn calls_fail_with_the_code_they_are_told() {
    let local = orders();
    let client = client(&local);
    for (told, status) in [
        (ErrorCode::InternalFailure, 500),
        (ErrorCode::ServiceUnavailable, 503),
        (ErrorCode::ProvisionedThroughputExceeded, 400),
        (ErrorCode::AccessDenied, 400),
        (ErrorCode::Other { name: "KMSThrottlingException", status: 400 }, 400),
    ] {
        local.faults().set(Faults::seeded(0).add(Fault::fail_calls(told).on(Operation::PutRecord)));
        let error = put(&client).await.unwrap_err();
        assert_eq!(error.raw_response().unwrap().status().as_u16(), status);
        assert_eq!(code::<PutRecordOutput, _, _>(Err(error)), told.name());
        client.list_shards().stream_name("orders").send().await.unwrap();
    }
    assert_eq!(local.record_count("orders").unwrap(), 0);
    assert_eq!(local.counters().refused(Operation::PutRecord), 5);
}

#[tokio::test]
async fn a_lost_answer_is_of_a_call_that_took_effect() {
    let local = orders();
    local.faults().set(Faults::seeded(0).add(Fault::lose_answer().times(1)));
    let error = put(&client(&local)).await.unwrap_err();
    assert!(matches!(&error, SdkError::DispatchFailure(failure) if failure.is_io()), "{error:?}");
    assert_eq!(local.record_count("orders").unwrap(), 1);
    put(&client(&local)).await.unwrap();
    assert_eq!(local.record_count("orders").unwrap(), 2);
}

#[tokio::test]
async fn a_reset_call_had_no_effect() {
    let local = orders();
    local.faults().set(Faults::seeded(0).reset(1.0));
    let error = put(&client(&local)).await.unwrap_err();
    assert!(matches!(&error, SdkError::DispatchFailure(failure) if failure.is_io()), "{error:?}");
    assert_eq!(local.record_count("orders").unwrap(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_delayed_call_takes_effect_afterwards() {
    let local = orders();
    local.faults().set(Faults::seeded(0).delay(1.0, Duration::from_secs(7)));
    let began = tokio::time::Instant::now();
    put(&client(&local)).await.unwrap();
    assert_eq!(began.elapsed().as_secs(), 7);
}

#[tokio::test(start_paused = true)]
async fn a_hanging_call_lasts_until_the_client_gives_up() {
    let local = orders();
    let timeouts = TimeoutConfig::builder().operation_timeout(Duration::from_secs(5)).build();
    let config = local.kinesis_config().retry_config(RetryConfig::disabled()).timeout_config(timeouts);
    let client = Client::from_conf(config.build());
    for (fault, stored) in [(Fault::hang(), 0), (Fault::hang_answer(), 1)] {
        local.faults().set(Faults::seeded(0).add(fault));
        let error = put(&client).await.unwrap_err();
        assert!(matches!(error, SdkError::TimeoutError(_)), "{error:?}");
        assert_eq!(local.record_count("orders").unwrap(), stored);
    }
    assert_eq!(local.counters().faults(FaultKind::Hang), 1);
    assert_eq!(local.counters().faults(FaultKind::HangAnswer), 1);
}

#[tokio::test]
async fn reads_of_one_shard_fail_by_their_iterator() {
    let local = orders();
    let client = client(&local);
    let fault = Fault::fail_calls(ErrorCode::ProvisionedThroughputExceeded).on(Operation::GetRecords);
    local.faults().set(Faults::seeded(0).add(fault.in_shard("orders", shard_id(1))));
    for (shard, fails) in [(0, false), (1, true)] {
        let at = iterator(&client, "orders", &shard_id(shard), ShardIteratorType::TrimHorizon).await;
        assert_eq!(client.get_records().shard_iterator(at).send().await.is_err(), fails);
    }
}

#[tokio::test]
async fn a_fault_of_another_stream_does_not_strike() {
    let local = orders();
    local.faults().set(Faults::seeded(0).add(Fault::reset().in_stream("invoices")));
    put(&client(&local)).await.unwrap();
    local.faults().set(Faults::seeded(0).add(Fault::reset().in_stream("orders")));
    let arn = local.stream_arn("orders").unwrap();
    let by_arn = client(&local).list_shards().stream_arn(arn).send().await;
    assert!(by_arn.is_err(), "a stream named by its ARN is the same stream");
}
