//! The command.

use std::sync::Arc;
use std::time::{Duration, Instant};

use headwater::batch::OnKeyFailure;
use headwater::checkpoint::CheckpointStore;
use headwater::{Control, ErrorKind};
use headwater_kinesis::Limits;
use indicatif::ProgressBar;
use tokio::task::JoinSet;

use crate::commands::relay::RelayArgs;
use crate::commands::relay::dead_letters::{DeadLetters, Keeper};
use crate::commands::relay::pipeline::{Pipeline, Skipped};
use crate::commands::relay::plan::Plan;
use crate::commands::relay::settle::Outlet;
use crate::connection::Connection;
use crate::context::Context;
use crate::counted::counted;
use crate::exit::Exit;
use crate::failure::{Failure, chain};
use crate::note::note;
use crate::progress::progress;
use crate::refused::{refused, refused_target};
use crate::seeing::Seeing;
use crate::stop::Stop;
use crate::stores::Store;
use crate::stream_api::region;
use crate::summary::summary;

/// Does it.
pub(crate) async fn run(args: RelayArgs, context: Context) -> Result<Exit, Failure> {
    let plan = Arc::new(Plan::of(&args)?);
    if args.store.checkpoints.is_none() {
        note(
            "checkpoints are kept in memory: the next start begins again at --from; --checkpoints names a store",
        );
    }
    let seeing = Seeing::start(&args.seeing, "relay", &context).await?;
    let (relay, pipelines, keeper) = tokio::select! {
        opened = open(args, plan, seeing, &context) => opened?,
        () = context.stop.asked() => return Ok(context.stop.exit()),
    };
    let begun = Instant::now();
    let relayed = work(pipelines, &context.stop).await;
    // Why the dead letters failed is why the relay did.
    let buried = match keeper {
        Some(keeper) => keeper.finished().await?,
        None => 0,
    };
    let (count, took) = (relay.progress.position(), begun.elapsed());
    relay.progress.finish_and_clear();
    relayed.map_err(|error| relay.ended(&error))?;
    let (from, to) = (&relay.args.from, &relay.args.to);
    summary(&context, "relayed", count, format_args!("from {from} into {to}"), took);
    Ok(relay.tell(buried, &context.stop))
}

/// Reaches everything that is read and written.
async fn open(
    args: RelayArgs,
    plan: Arc<Plan>,
    seeing: Seeing,
    context: &Context,
) -> Result<(Relay, Vec<Pipeline>, Option<Keeper>), Failure> {
    let connection = Connection::load(&context.globals).await;
    for stream in [&args.from, &args.to] {
        region(&connection, stream.region())?;
    }
    let relay = Relay {
        store: args.store.store().open(&connection).await?,
        connection,
        plan,
        seeing,
        progress: progress("relayed", None),
        skipped: Skipped::default(),
        args,
    };
    let (letters, keeper) = match &relay.args.dead_letter {
        Some(place) => DeadLetters::open(place, &relay.connection)
            .await
            .map(|(letters, keeper)| (Some(letters), Some(keeper)))?,
        None => (None, None),
    };
    let mut pipelines = Vec::new();
    for _ in 0..relay.args.workers.get() {
        pipelines.push(Box::pin(relay.connect(letters.clone(), &context.stop)).await?);
    }
    Ok((relay, pipelines, keeper))
}

/// What all workers share.
struct Relay {
    args: RelayArgs,
    plan: Arc<Plan>,
    connection: Connection,
    store: Arc<dyn CheckpointStore>,
    seeing: Seeing,
    progress: ProgressBar,
    skipped: Skipped,
}

impl Relay {
    /// Connects the pipeline of a worker.
    async fn connect(&self, letters: Option<DeadLetters>, stop: &Stop) -> Result<Pipeline, Failure> {
        let Self { args, plan, .. } = self;
        let mut sink = self
            .connection
            .sink(&args.to)
            .ordering(args.order.into())
            .max_in_flight(args.max_in_flight.get())
            .linger(args.linger)
            // What is too short or too long is the source's to refuse, in the words of the flag.
            .time_to_live(args.outage_limit.clamp(Duration::from_millis(1), Duration::from_hours(7 * 24)));
        if args.unlimited {
            sink = sink.limits(Limits::Unlimited);
        }
        if let Some(create) = args.create {
            sink = create.with(sink);
        }
        if letters.is_some() {
            // Only what cannot be delivered itself becomes a dead letter.
            sink = sink.on_key_failure(OnKeyFailure::Continue);
        }
        let sink = sink.connect().await.map_err(refused_target)?;

        let mut source = self
            .connection
            .source(&args.from)
            .application(&plan.application)
            .checkpoints(Arc::clone(&self.store))
            .start(plan.start)
            .until(plan.until)
            .deaggregate(!args.whole)
            .lease_time(args.lease_time)
            .commit_interval(args.commit_interval)
            .outage_limit(args.outage_limit);
        if let Some(consumer) = &args.fan_out {
            source = source.fan_out(consumer);
        }
        if args.unpaced {
            source = source.unpaced();
        }
        let source = source.connect().await.map_err(refused)?;
        self.seeing.source(args.from.name(), source.control());
        // A sink that is shown before its source would be ready alone.
        self.seeing.sink(args.to.name(), sink.status());

        let sink = sink.encode(plan.codec_out.clone());
        let outlet = Arc::new(Outlet { producer: sink.producer(), letters, progress: self.progress.clone() });
        let (plan, skipped, stop) = (Arc::clone(plan), self.skipped.clone(), stop.clone());
        Ok(Pipeline { plan, source, sink, outlet, skipped, stop })
    }

    /// Says why it ended, and whether it goes on from there.
    fn ended(&self, error: &headwater::Error) -> Failure {
        let why = chain(error);
        match self.args.store.store() {
            Store::Memory => Failure::failed(why),
            store => {
                Failure::failed(format!("{why}; started again, it goes on from its checkpoints in {store}"))
            }
        }
    }

    /// Tells of what was not relayed, and how that is to be taken.
    fn tell(&self, buried: u64, stop: &Stop) -> Exit {
        let skipped = self.skipped.get();
        if buried > 0 {
            note(format_args!("{} went to the dead letters", counted(buried, "message")));
        }
        if skipped > 0 {
            note(format_args!("{} skipped", counted(skipped, "message")));
        }
        match stop.exit() {
            Exit::Done if buried + skipped > 0 => Exit::Partly,
            exit => exit,
        }
    }
}

/// Runs all pipelines until they end, or somebody wants them to, or one fails: then the others end in order.
async fn work(pipelines: Vec<Pipeline>, stop: &Stop) -> headwater::Result<()> {
    let controls: Vec<Control> = pipelines.iter().map(|pipeline| pipeline.source.control()).collect();
    let mut workers = JoinSet::new();
    for pipeline in pipelines {
        workers.spawn(pipeline.run());
    }
    let mut outcome = Ok(());
    let mut asked = false;
    loop {
        let ended = tokio::select! {
            ended = workers.join_next() => ended,
            () = stop.asked(), if !asked => {
                asked = true;
                controls.iter().for_each(Control::stop);
                continue;
            }
        };
        let ended = match ended {
            None => return outcome,
            Some(Ok(ended)) => ended,
            Some(Err(panicked)) => Err(headwater::Error::new(ErrorKind::Closed, "relay").caused_by(panicked)),
        };
        if ended.is_err() {
            controls.iter().for_each(Control::stop);
            outcome = outcome.and(ended);
        }
    }
}
