//! What who asks may do.

use aws_sdk_kinesis::types::{PutRecordsRequestEntry, Shard, ShardIteratorType};
use bytes::Bytes;
use headwater::{Headers, Key};
use headwater_kinesis::codec::Serializer as _;

use crate::codec::CodecName;
use crate::commands::doctor::check::Check;
use crate::commands::doctor::patient::Patient;
use crate::commands::doctor::refusal::{Refusal, Why};

/// A hash key that no shard has: a record with it is refused for it, once who asks may put records at all.
const BEYOND_ALL_SHARDS: &str = "340282366920938463463374607431768211456";

/// Calls what a reader calls, as cheaply as it goes: one record of one shard.
pub(crate) async fn read(patient: &Patient, shards: &[Shard], resource: &str) -> Vec<Check> {
    const ITERATOR: &str = "kinesis:GetShardIterator";
    const RECORDS: &str = "kinesis:GetRecords";
    let Some(shard) = shards.last() else {
        return vec![Check::not_checked(ITERATOR, "the stream has no shard")];
    };
    let iterator = patient.iterator(&shard.shard_id, ShardIteratorType::TrimHorizon, (None, None)).await;
    let iterator = match iterator {
        Ok(iterator) => iterator,
        Err(refusal) => {
            let records = Check::not_checked(RECORDS, format!("it needs {ITERATOR}"));
            return vec![refusal.of_action(ITERATOR, resource), records];
        }
    };
    let allowed = format!("allowed, as on {}", shard.shard_id);
    let records = match patient.records(iterator, 1).await {
        Ok(_) => Check::ok(RECORDS, &allowed),
        Err(refusal) if refusal.told.starts_with("KMS") => encrypted(RECORDS, "kms:Decrypt", &refusal),
        Err(refusal) => refusal.of_action(RECORDS, resource),
    };
    vec![Check::ok(ITERATOR, &allowed), records]
}

/// Puts a record that cannot be stored, which shows a denial and nothing more.
pub(crate) async fn write(patient: &Patient, resource: &str) -> Check {
    const ACTION: &str = "kinesis:PutRecords";
    let entry = PutRecordsRequestEntry::builder().partition_key("headwater-doctor").data(b"x"[..].into());
    match patient.put(entry.explicit_hash_key(BEYOND_ALL_SHARDS)).await {
        Ok(None) => {
            Check::ok(ACTION, "allowed: a record was stored, although its hash key belongs to no shard")
        }
        Ok(Some(refused)) => Check::not_checked(ACTION, refused),
        Err(refusal) if refusal.why == Why::Other => Check::ok(
            ACTION,
            "not denied: a record that cannot be stored was refused for its hash key alone; --write-probe puts one that can",
        ),
        Err(refusal) => refusal.of_action(ACTION, resource),
    }
}

/// Puts a record that stays.
pub(crate) async fn probe(patient: &Patient, codec: CodecName, resource: &str) -> Check {
    const ACTION: &str = "kinesis:PutRecords";
    let data = match message(codec) {
        Ok(data) => data,
        Err(error) => return Check::not_checked(ACTION, error.to_string()),
    };
    let entry = PutRecordsRequestEntry::builder().partition_key("headwater-doctor").data(data[..].into());
    match patient.put(entry).await {
        Ok(None) => {
            Check::ok(ACTION, "allowed: a record was stored, with the partition key headwater-doctor")
        }
        Ok(Some(refused)) if refused.starts_with("ProvisionedThroughput") => Check::finding(
            ACTION,
            refused,
            "write less, or give the stream more shards: the shard of the probe has no room for one record more",
        ),
        Ok(Some(refused)) => Check::finding(ACTION, refused, "look at what the service says"),
        Err(refusal) if refusal.told.starts_with("KMS") => encrypted(ACTION, "kms:GenerateDataKey", &refusal),
        Err(refusal) => refusal.of_action(ACTION, resource),
    }
}

/// What a probe says, so that readers of the codec can read it.
fn message(codec: CodecName) -> Result<Bytes, headwater::BoxError> {
    let text: &'static [u8] =
        if codec.is_json() { br#"{"headwater":"doctor"}"# } else { b"headwater doctor" };
    let (framing, serializer) = codec.codec().into_parts();
    let mut payload = Vec::new();
    serializer.serialize(&Bytes::from_static(text), &mut payload)?;
    let mut frame = framing.open();
    frame.push(&Key::from("headwater-doctor"), &payload, &Headers::new());
    Ok(frame.finish())
}

fn encrypted(action: &str, needed: &str, refusal: &Refusal) -> Check {
    Check::finding(
        action,
        &refusal.told,
        format!("allow {needed} on the stream's key, and see that the key is enabled"),
    )
}
