//! The flags of `headwater group`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use headwater::checkpoint::Application;
use headwater::group::Group;
use headwater_kinesis::StreamRef;

use crate::args::EXIT_CODES;
use crate::commands::group::import::{self, ImportArgs};
use crate::commands::group::list::{self, ListArgs};
use crate::commands::group::reset::{self, ResetArgs};
use crate::connection::Connection;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::stores::{Store, StoreParser};

/// Lists, resets, exports or imports the checkpoints of an application
#[derive(Args, Clone, Debug)]
#[command(after_help = after_help())]
pub(crate) struct GroupArgs {
    /// The application, as --app names it
    app: String,
    #[command(subcommand)]
    verb: Verb,
}

/// What to do with the checkpoints.
#[derive(Clone, Debug, Subcommand)]
enum Verb {
    /// Tells of each shard where it is and who holds it, and which workers there are
    List(ListArgs),
    /// Moves checkpoints, forwards or backwards
    Reset(ResetArgs),
    /// Writes the checkpoints as JSON
    Export(ExportArgs),
    /// Stores checkpoints that come from elsewhere
    Import(ImportArgs),
}

/// Which checkpoints.
#[derive(Args, Clone, Debug)]
pub(super) struct Which {
    /// Where they are kept: sqlite:PATH, redis://HOST, rediss://HOST, redis+cluster://HOST or
    /// dynamodb:TABLE[?endpoint=URL]
    #[arg(long, value_name = "URL", value_parser = StoreParser)]
    pub(super) checkpoints: Store,
    /// The stream that the application reads
    #[arg(long, value_name = "STREAM")]
    stream: StreamRef,
}

/// Writes the checkpoints as JSON.
#[derive(Args, Clone, Debug)]
struct ExportArgs {
    /// The file to write; otherwise, or with -, standard output
    file: Option<PathBuf>,
    #[command(flatten)]
    which: Which,
}

impl Which {
    /// The name of the group. A stream may be given by its ARN; its checkpoints go by its name.
    pub(super) fn application(&self, name: &str) -> Result<Application, Failure> {
        match name {
            "" => Err(Failure::usage("APP is empty: name the application")),
            name => Ok(Application::new(name, self.stream.name())),
        }
    }

    /// Opens a store that is there.
    pub(super) async fn open(&self, name: &str, context: &Context) -> Result<Group, Failure> {
        self.checkpoints.check_exists()?;
        self.open_or_create(name, context).await
    }

    /// Opens the store. No other process sees what is kept in memory.
    pub(super) async fn open_or_create(&self, name: &str, context: &Context) -> Result<Group, Failure> {
        if self.checkpoints == Store::Memory {
            return Err(Failure::usage(
                "--checkpoints memory: a process that keeps its checkpoints in memory keeps them to itself; \
                 name the store that the workers share: sqlite:PATH, redis://HOST or dynamodb:TABLE",
            ));
        }
        let application = self.application(name)?;
        let connection = Connection::load(&context.globals).await;
        Ok(Group::new(self.checkpoints.open(&connection).await?, application))
    }
}

/// Does it.
pub(crate) async fn run(args: GroupArgs, context: Context) -> Result<Exit, Failure> {
    let app = &args.app;
    match args.verb {
        Verb::List(args) => list::run(&args, &args.which.open(app, &context).await?).await,
        Verb::Reset(args) => reset::run(&args, &args.which.open(app, &context).await?).await,
        Verb::Import(args) => import::run(&args, app, &context).await,
        Verb::Export(args) => {
            let group = args.which.open(app, &context).await?;
            import::export(args.file.as_deref(), &group).await
        }
    }
}

fn after_help() -> String {
    format!(
        "\
Examples:
  headwater group copier list --checkpoints sqlite:copier.db --stream orders
  headwater group copier reset --to -1h --checkpoints redis://cache --stream orders
  headwater group copier export copier.json --checkpoints redis://cache --stream orders
  headwater group copier import copier.json --checkpoints dynamodb:copier --stream orders
  headwater group copier import --async-kinesis old --checkpoints redis://cache --stream orders

Stop the workers before a reset or an import: a shard that a worker holds is left alone, unless
--force takes it.

{EXIT_CODES}"
    )
}
