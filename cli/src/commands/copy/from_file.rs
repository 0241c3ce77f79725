//! A file into a stream.

use std::path::Path;
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anstream::eprintln;
use bytes::Bytes;
use headwater::batch::Producer;
use headwater::{ErrorKind, FencingToken, Headers, Message, Origin, OriginShard, Undelivered};
use headwater_kinesis::{KinesisSink, Limits, StreamRef};
use tokio::time::{MissedTickBehavior, interval};

use crate::commands::copy::args::CopyArgs;
use crate::commands::copy::identity::Identity;
use crate::commands::copy::input::{Input, Line};
use crate::commands::copy::line;
use crate::connection::Connection;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::progress::progress;
use crate::refused::refused_target;
use crate::seeing::Seeing;
use crate::summary::summary;

/// How often it is stored how far the copy is.
const STORE: Duration = Duration::from_secs(1);
/// How long a copy that stops waits for what it has sent.
const PARTING: Duration = Duration::from_secs(10);

/// Copies it.
pub(super) async fn run(
    args: &CopyArgs,
    path: &Path,
    stream: &StreamRef,
    context: &Context,
) -> Result<Exit, Failure> {
    let seeing = Seeing::start(&args.seeing, "copy", context).await?;
    let connection = Connection::load(&context.globals).await;
    let (sink, input) = tokio::select! {
        opened = open(args, path, stream, &connection) => opened?,
        () = context.stop.asked() => return Ok(context.stop.exit()),
    };
    seeing.sink(stream.name(), sink.status());
    let (begun, began) = (input.arrived(), Instant::now());
    let mut copy = Copy::new(input, sink.producer(), args.skip_bad);
    let read = copy.read(context).await;
    let undelivered = copy.settle(context).await?;
    if let Some(first) = undelivered.first().filter(|_| !context.stop.is_asked()) {
        return Err(copy.failed(first, undelivered.len(), stream));
    }
    read?;
    let copied = copy.producer.status().stored();
    let way = format_args!("of {} into {stream}", copy.input.name());
    summary(context, "copied", copied, way, began.elapsed());
    let exit = context.stop.exit();
    if exit == Exit::Done && begun > 0 && begun == copy.input.arrived() {
        eprintln!(
            "nothing to do: all of {} was copied before, and --restart copies it again",
            copy.input.name()
        );
    }
    Ok(if exit == Exit::Done && copy.skipped > 0 { Exit::Partly } else { exit })
}

async fn open(
    args: &CopyArgs,
    path: &Path,
    stream: &StreamRef,
    connection: &Connection,
) -> Result<(KinesisSink, Input), Failure> {
    let mut sink = connection.sink(stream).close_deadline(PARTING);
    if let Some(requests) = args.max_in_flight {
        sink = sink.max_in_flight(requests.get());
    }
    if args.unlimited {
        sink = sink.limits(Limits::Unlimited);
    }
    if let Some(create) = args.create {
        sink = create.with(sink);
    }
    let sink = sink.connect().await.map_err(refused_target)?;
    let identity = Identity::of(connection, stream).await?;
    let input = Input::open(path, identity, stream.name(), args.restart).await?;
    Ok((sink, input))
}

/// A file on its way.
struct Copy {
    input: Input,
    producer: Producer,
    /// What names a line in errors
    origin: Arc<OriginShard>,
    skip_bad: bool,
    skipped: u64,
}

impl Copy {
    fn new(input: Input, producer: Producer, skip_bad: bool) -> Self {
        let stream = input.name().into();
        let origin = Arc::new(OriginShard { stream, shard: "line".into(), fencing_token: FencingToken(0) });
        Self { input, producer, origin, skip_bad, skipped: 0 }
    }

    /// Sends lines until there are no more, or one is wrong, or some cannot be delivered, or somebody wants it to stop.
    async fn read(&mut self, context: &Context) -> Result<(), Failure> {
        let mut store = interval(STORE);
        store.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let status = self.producer.status();
        let bar = progress("lines", None);
        loop {
            let next = tokio::select! {
                biased;
                () = context.stop.asked() => return Ok(()),
                _ = store.tick() => {
                    self.input.store()?;
                    bar.set_position(status.stored());
                    if status.failed() > 0 {
                        return Ok(());
                    }
                    continue;
                }
                next = self.input.next() => next?,
            };
            let Some(Line { number, text, ack }) = next else { return Ok(()) };
            let (payload, key) = match line::read(&text) {
                Ok(read) => read,
                Err(why) => {
                    self.skip(number, &why)?;
                    ack.ack();
                    continue;
                }
            };
            let sequence = number.to_string().into();
            let origin = Origin::new(Arc::clone(&self.origin), sequence, None, None);
            let message = Message::from_parts(payload, key, Headers::new(), Some(origin), ack);
            let sent = tokio::select! {
                sent = self.producer.send(message) => sent,
                () = context.stop.asked() => return Ok(()),
            };
            match sent {
                Ok(()) => {}
                Err(error) if error.kind() == ErrorKind::Invalid => {
                    self.skip(number, &error.to_string())?;
                    error.into_undelivered().into_iter().for_each(|handed| handed.into_message().ack());
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Waits until everything that was sent has arrived, however long a slow stream takes, and returns what has not. Once
    /// some has failed, or somebody wants it to stop, it waits no longer than [`PARTING`].
    async fn settle(&mut self, context: &Context) -> Result<Vec<Undelivered>, Failure> {
        let mut store = interval(STORE);
        let status = self.producer.status();
        let mut undelivered = {
            let mut flushed = pin!(self.producer.flush());
            loop {
                tokio::select! {
                    undelivered = &mut flushed => break undelivered,
                    () = context.stop.asked() => break Vec::new(),
                    _ = store.tick() => {
                        self.input.store()?;
                        if status.failed() > 0 {
                            break Vec::new();
                        }
                    }
                }
            }
        };
        undelivered.extend(self.producer.close().await);
        self.input.store()?;
        Ok(undelivered)
    }

    /// Passes over a wrong line, where that is wanted.
    fn skip(&mut self, number: u64, why: &str) -> Result<(), Failure> {
        let name = self.input.name();
        if !self.skip_bad {
            return Err(Failure::failed(format!(
                "{name} line {number}: {why}; mend it and run the same command again, or skip it by --skip-bad"
            )));
        }
        self.skipped += 1;
        tracing::warn!("{name} line {number}: {why}; skipped");
        Ok(())
    }

    /// Tells of lines that could not be delivered.
    fn failed(&self, first: &Undelivered, count: usize, stream: &StreamRef) -> Failure {
        let message: &Message<Bytes> = first.message();
        let line = message.origin().map(|origin| origin.sequence().to_string()).unwrap_or_default();
        let others = if count > 1 { format!(", and {} more", count - 1) } else { String::new() };
        Failure::failed(format!(
            "copy {} into {stream}: line {line} was not delivered{others}: {}; the same command goes on behind line {}",
            self.input.name(),
            first.reason(),
            self.input.arrived()
        ))
    }
}
