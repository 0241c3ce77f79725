//! The stream as it describes itself, and what there may be of it.

use aws_sdk_kinesis::types::{EncryptionType, StreamDescriptionSummary, StreamMode, StreamStatus};
use headwater_kinesis::limits;

use crate::commands::doctor::check::Check;
use crate::commands::doctor::patient::{Patient, region_of};
use crate::commands::doctor::refusal::Refusal;
use crate::counted::counted;

/// What the check of the quotas is called.
const QUOTAS: &str = "quotas";
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
    match patient.client.describe_limits().send().await {
        Ok(quotas) if is_on_demand(summary) => {
            let (used, limit) = (quotas.on_demand_stream_count, quotas.on_demand_stream_count_limit);
            quota(used, limit, "on-demand streams")
        }
        Ok(quotas) => quota(quotas.open_shard_count, quotas.shard_limit, "shards"),
        Err(error) => Refusal::from(error).of_look(QUOTAS, "kinesis:DescribeLimits"),
    }
}

fn quota(used: i32, limit: i32, what: &str) -> Check {
    let told = format!("{used} of {limit} {what} of the account are in use");
    if i64::from(used) * 100 >= i64::from(limit) * NEARLY_ALL {
        Check::finding(QUOTAS, told, "delete what is not needed, or ask Service Quotas for more")
    } else {
        Check::ok(QUOTAS, told)
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_kinesis::primitives::DateTime;
    use aws_sdk_kinesis::types::builders::StreamDescriptionSummaryBuilder;
    use aws_sdk_kinesis::types::{EncryptionType, StreamDescriptionSummary, StreamStatus};

    use super::{encryption, quota, rates, region, state};
    use crate::commands::doctor::check::Verdict;

    fn stream(status: StreamStatus) -> StreamDescriptionSummaryBuilder {
        StreamDescriptionSummary::builder()
            .stream_name("orders")
            .stream_arn("arn:aws:kinesis:eu-west-1:123456789012:stream/orders")
            .stream_status(status)
            .retention_period_hours(24)
            .stream_creation_timestamp(DateTime::from_secs(0))
            .set_enhanced_monitoring(Some(Vec::new()))
            .open_shard_count(3)
    }

    #[test]
    fn a_stream_that_cannot_be_used_is_found() {
        for (status, verdict) in [
            (StreamStatus::Active, Verdict::Ok),
            (StreamStatus::Updating, Verdict::Ok),
            (StreamStatus::Creating, Verdict::Finding),
            (StreamStatus::Deleting, Verdict::Finding),
        ] {
            let summary = stream(status.clone()).build().unwrap();
            assert_eq!(state(&summary).verdict, verdict, "{status}");
        }
    }

    #[test]
    fn a_key_is_named_with_what_it_must_allow() {
        let summary =
            stream(StreamStatus::Active).encryption_type(EncryptionType::Kms).key_id("alias/orders");
        let told = encryption(&summary.build().unwrap(), true, false).told;
        assert!(told.contains("alias/orders") && told.contains("kms:Decrypt"), "{told}");
        assert!(!told.contains("kms:GenerateDataKey"), "{told}");
    }

    #[test]
    fn rates_are_those_of_all_shards() {
        let told = rates(&stream(StreamStatus::Active).build().unwrap()).told;
        assert_eq!(told, "3000 records and 3 MiB a second in, 6 MiB out, over 3 shards");
    }

    #[test]
    fn a_stream_of_another_region_than_requests_are_signed_for_is_found() {
        let summary = stream(StreamStatus::Active).build().unwrap();
        assert_eq!(region(&summary, Some("eu-west-1")), None);
        assert_eq!(region(&summary, Some("us-east-1")).unwrap().verdict, Verdict::Finding);
    }

    #[test]
    fn a_quota_that_is_nearly_used_up_is_found() {
        assert_eq!(quota(450, 500, "shards").verdict, Verdict::Finding);
        assert_eq!(quota(449, 500, "shards").verdict, Verdict::Ok);
    }
}
