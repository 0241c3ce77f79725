//! A stream into a file.

use std::path::Path;
use std::pin::pin;
use std::time::{Duration, Instant};

use futures::{FutureExt as _, StreamExt as _};
use headwater::checkpoint::Application;
use headwater::source;
use headwater_kinesis::{KinesisSource, StreamRef};
use indicatif::ProgressBar;
use tokio::time::{MissedTickBehavior, interval};

use crate::begin::Begin;
use crate::commands::copy::archive::Archive;
use crate::commands::copy::args::CopyArgs;
use crate::commands::copy::identity::Identity;
use crate::commands::copy::line;
use crate::connection::Connection;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::place::is_standard;
use crate::portion::portion;
use crate::progress::progress;
use crate::refused::refused;
use crate::seeing::Seeing;
use crate::stdout::Stdout;
use crate::summary::summary;
use crate::until::Until;

/// How often what was written is brought to the disk.
const SYNC: Duration = Duration::from_secs(1);
/// Whose the checkpoints are that a copy goes on from. They are kept by the file alone.
const APPLICATION: &str = "headwater-copy";

/// Where lines go.
enum Target {
    File(Box<Archive>),
    Standard(Stdout),
}

/// Copies it.
pub(super) async fn run(
    args: &CopyArgs,
    stream: &StreamRef,
    path: &Path,
    context: &Context,
) -> Result<Exit, Failure> {
    let seeing = Seeing::start(&args.seeing, "copy", context).await?;
    let connection = Connection::load(&context.globals).await;
    let (source, target) = tokio::select! {
        opened = open(args, stream, path, &connection) => opened?,
        () = context.stop.asked() => return Ok(context.stop.exit()),
    };
    seeing.source(stream.name(), source.control());
    let (begun, mut target) = (Instant::now(), target);
    let copied = copy(source, &mut target, context).await?;
    let way = format_args!("of {stream} into {}", path.display());
    summary(context, "copied", copied, way, begun.elapsed());
    Ok(context.stop.exit())
}

async fn open(
    args: &CopyArgs,
    stream: &StreamRef,
    path: &Path,
    connection: &Connection,
) -> Result<(KinesisSource, Target), Failure> {
    let begin = args.begin.as_ref().unwrap_or(&Begin::Horizon);
    let (source, mut target) = if is_standard(path) {
        (portion(connection, stream, begin, &args.shard).await?, Target::Standard(Stdout::new()))
    } else {
        let identity = Identity::of(connection, stream).await?;
        let archive = Archive::open(path, identity, begin, args.whole, args.restart)?;
        let source = portion(connection, stream, &archive.begin()?, &args.shard).await?;
        let application = Application::new(APPLICATION, stream.name());
        let checkpoints = archive.checkpoints(&application).await?;
        (source.application(APPLICATION).checkpoints(checkpoints), Target::File(Box::new(archive)))
    };
    let until = match (args.until, args.follow) {
        (Some(Until(until)), _) => until,
        (None, true) => source::Until::Forever,
        (None, false) => source::Until::Tip,
    };
    let mut source = source.until(until).deaggregate(!args.whole);
    if args.unpaced {
        source = source.unpaced();
    }
    let source = source.connect().await.map_err(refused)?;
    // Where the source is refused an earlier copy stays as it was, and a new one was not begun.
    if let Target::File(archive) = &mut target {
        archive.start()?;
    }
    Ok((source, target))
}

/// Writes messages until the end, whoever wants it, and returns how many. What was read by then is on the disk after it.
async fn copy(source: KinesisSource, target: &mut Target, context: &Context) -> Result<u64, Failure> {
    let bar = progress("messages", None);
    let copied = copy_into(source, target, context, &bar).await;
    let synced = target.sync();
    let count = bar.position();
    bar.finish_and_clear();
    copied.and(synced).map(|()| count)
}

async fn copy_into(
    source: KinesisSource,
    target: &mut Target,
    context: &Context,
    bar: &ProgressBar,
) -> Result<(), Failure> {
    let mut messages = pin!(source);
    let mut sync = interval(SYNC);
    sync.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut line = Vec::new();
    loop {
        let next = if let Some(next) = messages.next().now_or_never() {
            if sync.tick().now_or_never().is_some() {
                target.sync()?;
            }
            next
        } else {
            target.pause()?;
            tokio::select! {
                next = messages.next() => next,
                _ = sync.tick() => {
                    target.sync()?;
                    continue;
                }
                () = context.stop.asked() => return Ok(()),
                () = target.is_gone() => return Err(Failure::BrokenPipe),
            }
        };
        let Some(message) = next.transpose()? else { return Ok(()) };
        line.clear();
        line::write(&message, &mut line)
            .map_err(|error| Failure::failed(format!("write a line: {error}")))?;
        target.write(&message, &line)?;
        message.ack();
        bar.inc(1);
        if context.stop.is_asked() {
            return Ok(());
        }
    }
}

impl Target {
    fn write(&mut self, message: &headwater::Message<bytes::Bytes>, line: &[u8]) -> Result<(), Failure> {
        match (self, message.origin()) {
            (Self::File(archive), Some(origin)) => archive.write(origin, line),
            (Self::File(_), None) => Err(Failure::failed("a message came from nowhere")),
            (Self::Standard(stdout), _) => stdout.write(line),
        }
    }

    /// Hands over what somebody may wait for.
    fn pause(&mut self) -> Result<(), Failure> {
        match self {
            Self::File(_) => Ok(()),
            Self::Standard(stdout) => stdout.flush(),
        }
    }

    /// Brings everything to where it is safe.
    fn sync(&mut self) -> Result<(), Failure> {
        match self {
            Self::File(archive) => archive.sync(),
            Self::Standard(stdout) => stdout.flush(),
        }
    }

    /// Resolves once nobody wants more.
    async fn is_gone(&self) {
        match self {
            Self::File(_) => std::future::pending().await,
            Self::Standard(stdout) => stdout.is_gone().await,
        }
    }
}
