//! What each format tells of the same calls.

use std::collections::HashMap;

use headwater::batch::{Batch, Entry};
use headwater::{Error, ErrorKind, HashKey};
use headwater_local::{ErrorCode, Fault, Faults, LocalKinesis};

use super::{WIRES, hostile, orders, put, through};
use crate::spy::{Seen, wire as spied};
use crate::{PutRecords, Wire};

/// Makes the same calls in one format, and writes down every field of what is told of them. Sequence numbers differ from
/// run to run, so each is written as the record that the endpoint stores under it.
async fn told(wire: Wire, faults: Faults, batches: impl Iterator<Item = Batch>) -> Vec<String> {
    let local = LocalKinesis::builder().stream("orders", 4).build();
    local.faults().set(faults);
    let mut service = orders(&local, wire);
    let mut told = Vec::new();
    for batch in batches {
        match put(&mut service, &batch).await {
            Err(error) => told.push(format!("{:?}: {error}", error.kind())),
            Ok(response) => {
                let records = local.records("orders").unwrap();
                let records: HashMap<_, _> =
                    records.iter().map(|record| (record.sequence_number.as_str(), record)).collect();
                assert_eq!(response.outcomes().len(), batch.records());
                for (outcome, entry) in response.outcomes().iter().zip(batch.entries()) {
                    told.push(match outcome {
                        Err(refused) => format!("{refused:?}"),
                        Ok(stored) => {
                            let record = records[stored.sequence.as_str()];
                            let explicit = entry.key.explicit_hash_key().map(HashKey::get);
                            assert_eq!(record.shard_id, stored.shard.as_str());
                            assert_eq!(record.partition_key, entry.key.partition_key());
                            assert_eq!((record.explicit_hash_key, &record.data), (explicit, &entry.data));
                            format!("{} {:?}", stored.shard, entry.key)
                        }
                    });
                }
            }
        }
    }
    told
}

#[tokio::test(start_paused = true)]
async fn each_format_tells_the_same_of_every_entry_whatever_fails() {
    let fatal = ErrorCode::Other { name: "KMSDisabledException", status: 400 };
    let new = ErrorCode::Other { name: "NeverHeardOf", status: 418 };
    let faults = || {
        Faults::seeded(7)
            .fail_entries(0.2)
            .add(Fault::fail_entries(fatal).chance(0.02))
            .add(Fault::fail_entries(new).chance(0.02))
            .fail_calls(0.05, ErrorCode::ProvisionedThroughputExceeded)
            .fail_calls(0.05, ErrorCode::ServiceUnavailable)
            .fail_calls(0.05, ErrorCode::InternalFailure)
            .fail_calls(0.05, ErrorCode::AccessDenied)
            .fail_calls(0.05, new)
            .lose_answers(0.05)
            .reset(0.05)
    };
    let sdk = told(Wire::Sdk, faults(), (0..80).map(hostile)).await;
    for wire in [Wire::Json, Wire::Cbor] {
        let told = told(wire, faults(), (0..80).map(hostile)).await;
        for (nth, (told, by_sdk)) in told.iter().zip(&sdk).enumerate() {
            assert_eq!(told, by_sdk, "{wire:?}, line {nth}");
        }
        assert_eq!(told.len(), sdk.len());
    }
    for wanted in ["shardId-", "Throttled", "KMSDisabled", "NeverHeardOf", "AccessDenied: ", "Unavailable: "]
    {
        assert!(sdk.iter().any(|line| line.contains(wanted)), "nothing with {wanted}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_record_of_10_mib_and_an_empty_one_are_stored_in_each_format() {
    for wire in WIRES {
        let local = LocalKinesis::builder().stream("orders", 1).build();
        let arn = local.stream_arn("orders").unwrap();
        let update = local.client().update_max_record_size().stream_arn(&arn).max_record_size_in_kib(10_240);
        update.send().await.unwrap();
        let largest = vec![0xa5; (10 << 20) - 1];
        let batch = Batch::new(vec![Entry::new(largest.clone(), "k")]);
        // By its ARN, as the other by its name.
        let mut service = PutRecords::new(local.client(), arn.parse().unwrap()).wire(wire);
        assert!(put(&mut service, &batch).await.unwrap().outcomes()[0].is_ok());
        let batch = Batch::new(vec![Entry::new("", "k")]);
        assert!(put(&mut orders(&local, wire), &batch).await.unwrap().outcomes()[0].is_ok());
        let records = local.records("orders").unwrap();
        assert!(records[0].data == largest && records[1].data.is_empty(), "{wire:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_cut_leaves_open_whether_anything_is_stored() {
    for wire in WIRES {
        let local = LocalKinesis::builder().stream("orders", 1).build();
        let entries = vec![Entry::new("one", "a"), Entry::new("two", "b")];
        let whole = 400;
        let mut told = 0;
        for bytes in (0..whole).step_by(7) {
            let http = spied(&local, move |_| Seen::Cut(bytes));
            let mut service = through(&local, http, wire);
            match put(&mut service, &Batch::new(entries.clone())).await {
                Ok(response) => {
                    assert!(response.outcomes().iter().all(Result::is_ok), "{wire:?}, {bytes} bytes");
                    told += 1;
                }
                Err(error) => assert_eq!(error.kind(), ErrorKind::Unavailable, "{wire:?}: {error}"),
            }
        }
        assert!(0 < told && told < whole / 7, "{wire:?}: {told}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_cannot_be_read_names_the_call_and_the_byte() {
    let local = LocalKinesis::builder().stream("orders", 1).build();
    let http = spied(&local, |_| Seen::Cut(60));
    let mut service = through(&local, http, Wire::Json);
    let error: Error = put(&mut service, &Batch::new(vec![Entry::new("one", "a")])).await.unwrap_err();
    assert_eq!(error.to_string(), "put 1 record to \"orders\": read the answer: it is cut after 60 bytes");
}
