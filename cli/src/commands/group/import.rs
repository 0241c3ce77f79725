//! `headwater group APP import` and `export`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anstream::eprintln;
use clap::Args;
use headwater::group::{Export, Group, OnHeld};
use headwater_redis::{ImportSkipped, ImportedCheckpoints};
use tokio::io::AsyncReadExt as _;

use crate::commands::group::args::Which;
use crate::commands::group::outcome::{nothing_stored, outcome};
use crate::commands::group::reset::forceable;
use crate::context::Context;
use crate::counted::counted;
use crate::duration::duration;
use crate::exit::Exit;
use crate::failure::{Failure, chain};
use crate::place::is_standard;
use crate::stdout;
use crate::stores::{Store, open_redis};

/// Stores checkpoints that come from elsewhere.
#[derive(Args, Clone, Debug)]
pub(super) struct ImportArgs {
    /// What export wrote; - is standard input
    #[arg(required_unless_present = "async_kinesis", conflicts_with = "async_kinesis")]
    file: Option<PathBuf>,
    #[command(flatten)]
    which: Which,
    /// Take over the checkpoints that consumers of async-kinesis keep under this name in the same Redis
    #[arg(long, value_name = "NAME")]
    async_kinesis: Option<String>,
    /// With --async-kinesis: replace checkpoints that are here already. A file always does
    #[arg(long)]
    overwrite: bool,
    /// With --async-kinesis: after how long a silent consumer counts as dead, as its session_timeout says
    #[arg(long, value_name = "TIME", value_parser = duration)]
    session_timeout: Option<Duration>,
    /// Take the shards that workers or consumers hold too. Those that live repeat what they have out
    #[arg(long)]
    force: bool,
}

/// Does it.
pub(super) async fn run(args: &ImportArgs, app: &str, context: &Context) -> Result<Exit, Failure> {
    if let Some(name) = &args.async_kinesis {
        return from_async_kinesis(args, app, name).await;
    }
    // Clap forgets what a flag requires where that conflicts with what is there.
    if args.overwrite || args.session_timeout.is_some() {
        return Err(Failure::usage(
            "--overwrite and --session-timeout are for --async-kinesis; a file always replaces",
        ));
    }
    let file = args.file.as_deref().unwrap_or(Path::new("-"));
    let json = read(file).await?;
    let export = Export::from_json(&json)
        .map_err(|error| Failure::failed(format!("{}: {}", file.display(), chain(&error))))?;
    let group = args.which.open_or_create(app, context).await?;
    let on_held = if args.force { OnHeld::Take } else { OnHeld::Refuse };
    let report = group.import(&export, on_held).await;
    outcome(report.map_err(|error| forceable(&error))?)
}

/// Writes the checkpoints of a group as JSON.
pub(super) async fn export(file: Option<&Path>, group: &Group) -> Result<Exit, Failure> {
    let export = group.export().await?;
    if export.start.is_none() && export.checkpoints.is_empty() {
        return Err(nothing_stored(group));
    }
    let json = format!("{}\n", export.to_json()?);
    if let Some(file) = file.filter(|file| !is_standard(file)) {
        std::fs::write(file, json).map_err(Failure::io(file.display()))?;
    } else {
        stdout::print(|out| out.write_all(json.as_bytes()))?;
    }
    Ok(Exit::Done)
}

async fn read(file: &Path) -> Result<String, Failure> {
    if !is_standard(file) {
        return std::fs::read_to_string(file).map_err(Failure::io(file.display()));
    }
    let mut json = String::new();
    tokio::io::stdin().read_to_string(&mut json).await.map_err(Failure::io("read standard input"))?;
    Ok(json)
}

async fn from_async_kinesis(args: &ImportArgs, app: &str, name: &str) -> Result<Exit, Failure> {
    let Store::Redis(url) = &args.which.checkpoints else {
        return Err(Failure::usage(format!(
            "--async-kinesis: its checkpoints are in Redis, and --checkpoints is {}; import into Redis, \
             then export and import to have them there",
            args.which.checkpoints
        )));
    };
    let application = args.which.application(app)?;
    let mut import = open_redis(url).await?.import_async_kinesis(&application, name);
    if args.overwrite {
        import = import.overwrite();
    }
    if args.force {
        import = import.ignore_owners();
    }
    if let Some(timeout) = args.session_timeout {
        import = import.session_timeout(timeout);
    }
    tell(import.run().await?, name)
}

/// Tells which shards were taken over, and why others were not.
fn tell(imported: ImportedCheckpoints, name: &str) -> Result<Exit, Failure> {
    let ImportedCheckpoints { imported, skipped } = imported;
    if imported.is_empty() && skipped.is_empty() {
        return Err(Failure::failed(format!(
            "--async-kinesis {name}: there are no checkpoints of that name"
        )));
    }
    let mut left = Vec::new();
    for (shard, why) in &skipped {
        let why = match why {
            // There is nothing to take over.
            ImportSkipped::NothingStored => continue,
            ImportSkipped::HasRow => "it has a checkpoint already; --overwrite replaces it".to_owned(),
            ImportSkipped::OwnerLives { owner } => {
                format!("{owner} still reads it; stop that consumer, or --force")
            }
            other => other.to_string(),
        };
        left.push(format!("{shard}: {why}"));
    }
    let told = format!("--async-kinesis {name}: {} imported", counted(imported.len() as u64, "shard"));
    match (imported.is_empty(), left.is_empty()) {
        (_, true) => {
            eprintln!("{told}");
            Ok(Exit::Done)
        }
        (false, false) => {
            eprintln!("{told}; not imported: {}", left.join(", "));
            Ok(Exit::Partly)
        }
        (true, false) => Err(Failure::failed(format!("{told}; not imported: {}", left.join(", ")))),
    }
}
