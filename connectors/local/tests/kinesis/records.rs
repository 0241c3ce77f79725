//! Writing and reading.

use aws_sdk_kinesis::primitives::Blob;
use aws_sdk_kinesis::types::{PutRecordsRequestEntry, ShardIteratorType};
use headwater_local::LocalKinesis;

use crate::{client, iterator};

pub(crate) fn entry(key: &str, data: &[u8]) -> PutRecordsRequestEntry {
    PutRecordsRequestEntry::builder().partition_key(key).data(Blob::new(data)).build().unwrap()
}

#[tokio::test]
async fn what_is_written_is_read_in_order_with_rising_sequence_numbers() {
    let local = LocalKinesis::builder().stream("orders", 1).build();
    let client = client(&local);
    let entries = (0..500).map(|index: u32| entry(&format!("k{index}"), &index.to_be_bytes())).collect();
    let put = client.put_records().stream_name("orders").set_records(Some(entries)).send().await.unwrap();
    assert_eq!(put.failed_record_count, Some(0));

    let at = iterator(&client, "orders", 0, ShardIteratorType::TrimHorizon).await;
    let page = client.get_records().shard_iterator(at).send().await.unwrap();
    assert_eq!(page.millis_behind_latest, Some(0));
    assert_eq!(page.records.len(), 500);
    for (index, (record, stored)) in page.records.iter().zip(&put.records).enumerate() {
        assert_eq!(record.data.as_ref(), (index as u32).to_be_bytes());
        assert_eq!(record.partition_key.as_deref(), Some(&*format!("k{index}")));
        assert_eq!(Some(&record.sequence_number), stored.sequence_number.as_ref());
        assert_eq!(record.sequence_number.len(), 56);
    }
    assert!(page.records.is_sorted_by(|a, b| a.sequence_number < b.sequence_number));
}
