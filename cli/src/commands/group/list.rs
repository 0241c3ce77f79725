//! `headwater group APP list`.

use std::io::{self, Write};

use clap::Args;
use headwater::WorkerId;
use headwater::group::{Export, Group, Listing};
use serde_json::{Value, json};

use crate::commands::group::args::Which;
use crate::commands::group::outcome::nothing_stored;
use crate::commands::group::shown::{age, position};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::layout::Layout;
use crate::rfc3339::rfc3339;
use crate::stdout;
use crate::table::Table;

/// Tells of each shard where it is and who holds it, and which workers there are.
#[derive(Args, Clone, Debug)]
pub(super) struct ListArgs {
    #[command(flatten)]
    pub(super) which: Which,
    /// How it is laid out
    #[arg(short, long, value_enum, value_name = "LAYOUT", default_value_t)]
    output: Layout,
}

/// Does it.
pub(super) async fn run(args: &ListArgs, group: &Group) -> Result<Exit, Failure> {
    let listing = group.list().await?;
    if listing.start.is_none() && listing.leases.is_empty() && listing.workers.is_empty() {
        return Err(nothing_stored(group));
    }
    match args.output {
        Layout::Table => stdout::print(|out| write_tables(group, &listing, out))?,
        Layout::Json => {
            let json = to_json(group, &listing)?;
            stdout::print(|out| writeln!(out, "{json}"))?;
        }
    }
    Ok(Exit::Done)
}

fn write_tables(group: &Group, listing: &Listing, out: &mut dyn Write) -> io::Result<()> {
    let dash = || "-".to_owned();
    let started = match &listing.start {
        Some(start) => format!("started {}", rfc3339(start.at)),
        None => "never started".to_owned(),
    };
    writeln!(out, "{}, {started}\n", group.application())?;
    let mut shards = Table::new(["SHARD", "POSITION", "AGE", "OWNER", "TOKEN", "WANTED BY"]).numbers(4);
    for row in &listing.leases {
        shards.row([
            row.shard.to_string(),
            position(&row.checkpoint.position),
            age(&row.checkpoint).map_or_else(dash, |age| humantime::format_duration(age).to_string()),
            row.owner.as_ref().map_or_else(dash, WorkerId::to_string),
            row.token.to_string(),
            row.handoff.as_ref().map_or_else(dash, |handoff| handoff.to.to_string()),
        ]);
    }
    shards.write(out)?;
    if listing.workers.is_empty() {
        return Ok(());
    }
    let mut workers = Table::new(["WORKER", "SHARDS", "MOST SHARDS"]).numbers(1).numbers(2);
    for row in &listing.workers {
        let held = listing.leases.iter().filter(|lease| lease.owner.as_ref() == Some(&row.worker)).count();
        let most = if row.max_shards == u32::MAX { dash() } else { row.max_shards.to_string() };
        workers.row([row.worker.to_string(), held.to_string(), most]);
    }
    writeln!(out)?;
    workers.write(out)
}

/// As an export has it, with who is there beside it.
fn to_json(group: &Group, listing: &Listing) -> Result<Value, Failure> {
    let checkpoints = listing.leases.iter().map(|row| (row.shard.clone(), row.checkpoint.clone()));
    let export = Export {
        application: group.application().clone(),
        start: listing.start.clone(),
        checkpoints: checkpoints.collect(),
    };
    let mut told = serde_json::to_value(export)
        .map_err(|error| Failure::failed(format!("list {}: {error}", group.application())))?;
    // Both are ordered by shard.
    let shards = told["checkpoints"].as_array_mut().into_iter().flatten();
    for (shard, row) in shards.zip(&listing.leases) {
        shard["age_seconds"] = json!(age(&row.checkpoint).map(|age| age.as_secs()));
        shard["owner"] = json!(row.owner.as_ref().map(WorkerId::as_str));
        shard["token"] = json!(row.token.0);
        shard["wanted_by"] = json!(row.handoff.as_ref().map(|handoff| handoff.to.as_str()));
    }
    let workers = listing
        .workers
        .iter()
        .map(|row| json!({ "worker": row.worker.as_str(), "max_shards": row.max_shards }));
    told["workers"] = workers.collect();
    Ok(told)
}
