//! The stream as it describes itself, and what there may be of it.

use aws_sdk_kinesis::types::{EncryptionType, StreamDescriptionSummary, StreamMode, StreamStatus};
use headwater_kinesis::limits;

use crate::commands::doctor::check::Check;
use crate::commands::doctor::patient::{Patient, region_of};
use crate::commands::doctor::refusal::Refusal;

/// What of a quota is used before it is worth a word, in hundredths.
const NEARLY_ALL: i64 = 90;

/// Tells its state.
pub(crate) fn state(summary: &StreamDescriptionSummary) -> Check {
    let name = &summary.stream_name;
    match &summary.stream_status {
        StreamStatus::Active => Check::ok("stream", format!("\"{name}\" is ACTIVE: {}", shape(summary))),
        StreamStatus::Updating => {
            Check::ok("stream", format!("\"{name}\" is UPDATING, reads and writes go on: {}", shape(summary)))
        }
        StreamStatus::Creating => Check::finding(
            "stream",
            format!("\"{name}\" is CREATING"),
            "wait until it is ACTIVE, which takes about a minute",
        ),
        StreamStatus::Deleting => {
            Check::finding("stream", format!("\"{name}\" is DELETING"), "create it again once it is gone")
        }
        other => Check::finding("stream", format!("\"{name}\" is {other}"), "wait until it is ACTIVE"),
    }
}

fn shape(summary: &StreamDescriptionSummary) -> String {
    let kib = summary.max_record_size_in_kib.map_or(String::new(), |kib| format!(", records to {kib} KiB"));
    format!(
        "{}, {} open, records kept for {} h{kib}",
        if is_on_demand(summary) { "on-demand" } else { "provisioned" },
        counted(u64::from(summary.open_shard_count.unsigned_abs()), "shard"),
        summary.retention_period_hours,
    )
}

fn is_on_demand(summary: &StreamDescriptionSummary) -> bool {
    let mode = summary.stream_mode_details.as_ref().map(|details| &details.stream_mode);
    mode == Some(&StreamMode::OnDemand)
}

/// Tells whether requests are signed for where the stream is.
pub(crate) fn region(summary: &StreamDescriptionSummary, signed_for: Option<&str>) -> Option<Check> {
    let (its, signed_for) = (region_of(&summary.stream_arn)?, signed_for?);
    (its != signed_for).then(|| {
        Check::finding(
            "stream region",
            format!("requests are signed for {signed_for}, and the stream is in {its}"),
            format!("say --region {its}, with an endpoint of that region"),
        )
    })
}

/// Tells what encrypts it.
pub(crate) fn encryption(summary: &StreamDescriptionSummary, reads: bool, writes: bool) -> Check {
    match (&summary.encryption_type, summary.key_id()) {
        (Some(EncryptionType::Kms), key) => {
            let key = key.unwrap_or("a key that is not named");
            let needed = [(reads, "kms:Decrypt"), (writes, "kms:GenerateDataKey")];
            let needed: Vec<&str> =
                needed.into_iter().filter_map(|(is, action)| is.then_some(action)).collect();
            let told =
                format!("by {key}, which needs {}: seen where records are read or put", needed.join(" and "));
            Check::ok("encryption", told)
        }
        _ => Check::ok("encryption", "none of its own"),
    }
}

/// Tells what a second may hold, which the number of shards decides.
pub(crate) fn rates(summary: &StreamDescriptionSummary) -> Check {
    if is_on_demand(summary) {
        return Check::ok("rates", "on-demand: they follow what was written in the last 30 days");
    }
    let shards = u64::from(summary.open_shard_count.unsigned_abs());
    let (records, bytes) = (limits::SHARD_RECORDS_PER_SECOND, limits::SHARD_BYTES_PER_SECOND >> 20);
    let read = limits::GET_BYTES_PER_SECOND as u64 >> 20;
    let told = format!(
        "{} records and {} MiB a second in, {} MiB out, over {}",
        shards * records,
        shards * bytes,
        shards * read,
        counted(shards, "shard"),
    );
    Check::ok("rates", told)
}

/// Tells how much of the account's quotas is left.
pub(crate) async fn quotas(patient: &Patient, summary: &StreamDescriptionSummary) -> Check {
    const NAME: &str = "quotas";
    let quotas = match patient.client.describe_limits().send().await {
        Ok(quotas) => quotas,
        Err(error) => {
            return Refusal::from(error).of_look(NAME, "kinesis:DescribeLimits");
        }
    };
    let (used, limit, what) = if is_on_demand(summary) {
        (quotas.on_demand_stream_count, quotas.on_demand_stream_count_limit, "on-demand streams")
    } else {
        (quotas.open_shard_count, quotas.shard_limit, "shards")
    };
    let (used, limit) = (i64::from(used), i64::from(limit));
    let told = format!("{used} of {limit} {what} of the account are in use");
    if used * 100 >= limit * NEARLY_ALL {
        Check::finding(NAME, told, "delete what is not needed, or ask Service Quotas for more")
    } else {
        Check::ok(NAME, told)
    }
}

/// A number of things.
pub(crate) fn counted(count: u64, thing: &str) -> String {
    match count {
        1 => format!("1 {thing}"),
        _ => format!("{count} {thing}s"),
    }
}
