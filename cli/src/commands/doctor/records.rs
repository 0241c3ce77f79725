//! A sample of the records, and whether they can be read.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use aws_sdk_kinesis::primitives::DateTime;
use aws_sdk_kinesis::types::{Record, Shard, ShardIteratorType};
use bytes::Bytes;
use clap::ValueEnum as _;

use crate::codec::{CodecName, Looks, reads};
use crate::commands::doctor::check::Check;
use crate::commands::doctor::patient::{Page, Patient};
use crate::commands::doctor::refusal::Refusal;
use crate::counted::counted;
use crate::stream_api::is_open;

/// How many shards are looked into.
const SHARDS: usize = 4;
/// How many records are taken from each place in a shard.
const RECORDS: i32 = 20;
/// How old the second half of the sample may be.
const NEWEST: Duration = Duration::from_mins(5);

/// What a sample shows.
#[derive(Debug, Default)]
struct Sample {
    records: u64,
    largest: usize,
    /// How many look like a codec.
    looks: BTreeMap<String, u64>,
    /// Those that the codec does not read: where the first one is, and why.
    unreadable: u64,
    first: Option<String>,
}

/// Takes a few records of some shards, old ones and new ones, and reads them.
pub(crate) async fn sample(patient: &Patient, shards: &[Shard], codec: Option<CodecName>) -> Check {
    const NAME: &str = "records";
    let mut sample = Sample::default();
    for shard in spread(shards) {
        match look_into(patient, shard).await {
            Ok(records) => records.iter().for_each(|record| sample.add(shard, record, codec)),
            Err(refusal) => return Check::not_checked(NAME, refusal.told),
        }
    }
    sample.check(NAME, codec)
}

/// Some of the open shards, from all over the stream.
fn spread(shards: &[Shard]) -> impl Iterator<Item = &Shard> {
    let open: Vec<&Shard> = shards.iter().filter(|shard| is_open(shard)).collect();
    let step = open.len().div_ceil(SHARDS).max(1);
    open.into_iter().step_by(step)
}

/// The oldest records of a shard, and those that come next: of the last minutes, where there is more than those.
async fn look_into(patient: &Patient, shard: &Shard) -> Result<Vec<Record>, Refusal> {
    let oldest = patient.iterator(&shard.shard_id, ShardIteratorType::TrimHorizon, (None, None)).await?;
    let Page { mut records, behind, next } = patient.records(oldest, RECORDS).await?;
    let next = if behind > NEWEST {
        let since = Some(DateTime::from(SystemTime::now() - NEWEST));
        Some(patient.iterator(&shard.shard_id, ShardIteratorType::AtTimestamp, (None, since)).await?)
    } else {
        next.filter(|_| !behind.is_zero())
    };
    if let Some(next) = next {
        records.extend(patient.records(next, RECORDS).await?.records);
    }
    Ok(records)
}

impl Sample {
    fn add(&mut self, shard: &Shard, record: &Record, codec: Option<CodecName>) {
        let data = Bytes::copy_from_slice(record.data.as_ref());
        self.records += 1;
        self.largest = self.largest.max(data.len());
        let why = match codec {
            Some(codec) => reads(codec, &data).err(),
            None => None,
        };
        if codec.is_none() || why.is_some() {
            *self.looks.entry(look(Looks::of(&data))).or_default() += 1;
        }
        if let Some(why) = why {
            self.unreadable += 1;
            let place = || format!("{} of {}: {why}", record.sequence_number, shard.shard_id);
            self.first.get_or_insert_with(place);
        }
    }

    fn check(&self, name_of_check: &str, codec: Option<CodecName>) -> Check {
        let Self { records, largest, unreadable, .. } = self;
        if *records == 0 {
            return Check::not_checked(name_of_check, "there are none to look at");
        }
        let looks: Vec<String> =
            self.looks.iter().map(|(codec, count)| format!("{count} looking like {codec}")).collect();
        let (looks, sample) = (looks.join(", "), counted(*records, "record"));
        match (codec.map(name), &self.first) {
            (Some(codec), Some(first)) => Check::finding(
                name_of_check,
                format!("{unreadable} of {sample} cannot be read as {codec} ({looks}); the first is {first}"),
                format!(
                    "read with the codec that they look like, or write with --codec {codec}; relay and tail can divert or skip them"
                ),
            ),
            (Some(codec), None) => Check::ok(
                name_of_check,
                format!("{sample}, the largest of {largest} B, can be read as {codec}"),
            ),
            (None, _) => Check::ok(
                name_of_check,
                format!("{sample}, the largest of {largest} B, {looks}; --codec checks them"),
            ),
        }
    }
}

fn look(looks: Looks) -> String {
    let codec = name(looks.codec);
    if looks.is_compressed { format!("compressed {codec}") } else { codec }
}

/// A codec as the flag has it.
fn name(codec: CodecName) -> String {
    codec.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
}
