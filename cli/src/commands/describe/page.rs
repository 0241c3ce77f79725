//! A described stream as a page of text.

use std::io::{self, Write};
use std::time::Duration;

use crate::counted::counted;
use crate::table::Table;

use super::described::{Described, DescribedShard};

/// Writes what concerns the whole stream, then a table of its shards.
pub(super) fn write(stream: &Described, out: &mut dyn Write) -> io::Result<()> {
    for (name, value) in facts(stream) {
        writeln!(out, "{name:<12}  {value}")?;
    }
    writeln!(out)?;
    let mut table = Table::new([
        "SHARD",
        "STATE",
        "FIRST HASH KEY",
        "LAST HASH KEY",
        "SHARE",
        "PARENTS",
        "OLDEST",
        "LAG",
    ]);
    for column in [2, 3, 4] {
        table = table.numbers(column);
    }
    stream.shards.iter().for_each(|shard| table.row(cells(shard)));
    table.write(out)
}

fn facts(stream: &Described) -> Vec<(&'static str, String)> {
    let mut facts = vec![
        ("stream", stream.stream_name.clone()),
        ("arn", stream.stream_arn.clone()),
        ("status", stream.stream_status.clone()),
        ("mode", stream.stream_mode.clone()),
        ("retention", format!("{} h", stream.retention_period_hours)),
        ("encryption", encryption(stream)),
        ("record size", format!("{} KiB at most, key included", stream.max_record_size_in_kib)),
        ("shards", format!("{} open", stream.open_shard_count)),
        ("limits", limits(stream)),
    ];
    if let Some(created) = &stream.stream_creation_timestamp {
        facts.insert(4, ("created", created.clone()));
    }
    if let Some(strategy) = &stream.record_distribution_strategy {
        facts.push(("distribution", strategy.clone()));
    }
    if let Some(consumers) = &stream.consumers {
        let named = consumers.iter().map(|one| format!("{} ({})", one.consumer_name, one.consumer_status));
        let named: Vec<_> = named.collect();
        facts.push(("consumers", if named.is_empty() { "none".to_owned() } else { named.join(", ") }));
    }
    facts
}

fn encryption(stream: &Described) -> String {
    match &stream.key_id {
        Some(key) => format!("{} ({key})", stream.encryption_type),
        None => stream.encryption_type.clone(),
    }
}

/// What all open shards take and give together, and each alone.
fn limits(stream: &Described) -> String {
    let (each, shards) =
        (&stream.shard_limits_per_second, u64::try_from(stream.open_shard_count).unwrap_or_default());
    let mib = |bytes: f64| bytes / f64::from(1 << 20);
    format!(
        "in {} records/s and {} MiB/s, out {} MiB/s and {} reads/s a shard ({})",
        each.write_records * shards,
        mib((each.write_bytes * shards) as f64),
        mib(each.read_bytes * shards as f64),
        each.read_calls,
        counted(shards, "shard"),
    )
}

fn cells(shard: &DescribedShard) -> [String; 8] {
    let parents = [&shard.parent_shard_id, &shard.adjacent_parent_shard_id];
    let parents: Vec<_> = parents.into_iter().flatten().map(String::as_str).collect();
    let unknown = || "-".to_owned();
    let (oldest, lag) = match &shard.backlog {
        None => (unknown(), unknown()),
        Some(backlog) => {
            let nothing =
                || if backlog.millis_behind_latest == Some(0) { "empty".to_owned() } else { unknown() };
            (
                backlog.oldest_arrival.clone().unwrap_or_else(nothing),
                backlog.millis_behind_latest.map_or_else(unknown, span),
            )
        }
    };
    [
        shard.shard_id.clone(),
        shard.state.to_owned(),
        shard.starting_hash_key.clone(),
        shard.ending_hash_key.clone(),
        shard.share_percent.map_or_else(unknown, |share| format!("{share:.2}%")),
        if parents.is_empty() { unknown() } else { parents.join(",") },
        oldest,
        lag,
    ]
}

/// A time in words, its milliseconds only where there are no seconds.
fn span(millis: i64) -> String {
    let millis = u64::try_from(millis).unwrap_or_default();
    let shown = if millis < 1_000 { millis } else { millis / 1_000 * 1_000 };
    humantime::format_duration(Duration::from_millis(shown)).to_string()
}
