//! One worker of a fleet: reads the shards that are its part, and says what it hands out and what is done.
//!
//! It ends in order when its standard input does.

use std::collections::VecDeque;
use std::io::{self, Read as _};
use std::thread;

use futures::{StreamExt, TryStreamExt};
use headwater::source::{Control, ShardState};
use headwater::{Message, Result, WorkerId};
use headwater_kinesis::{KinesisSink, KinesisSource};
use headwater_tests::{Line, Out, Said, WorkerJob, dummy_config, open_store};
use tokio::time::{Duration, Instant, interval, sleep_until};

/// How often it looks which shards it reads.
const LOOK: Duration = Duration::from_millis(20);

/// How long ending waits for acks and for the store.
const DRAIN: Duration = Duration::from_secs(10);

/// For how long it tries to start.
const PATIENCE: Duration = Duration::from_mins(1);

#[tokio::main]
async fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    let job = std::env::args().nth(1).ok_or("worker JOB: one argument, the job as JSON")?;
    match work(serde_json::from_str(&job)?).await {
        Ok(()) => say(Said::Ended),
        Err(error) => say(Said::Failed(error.to_string())),
    }
    Ok(())
}

fn say(said: Said) {
    // In one write, so that whatever kills this process leaves whole lines.
    let line = serde_json::to_string(&Line::new(said)).expect("a line has a text");
    println!("{line}");
}

async fn work(job: WorkerJob) -> Result<()> {
    let config = dummy_config(&job.url);
    let source = start(&job).await?;
    let control = source.control();
    let watching = tokio::spawn(watch(control.clone()));
    match job.sink {
        Some(sink) => {
            let sink = KinesisSink::builder(sink).sdk_config(config).connect().await?;
            source.inspect_ok(|message| say(Said::Out(Out::of(message)))).forward(sink).await?;
        }
        None => consume(source, job.hold, job.in_hand).await?,
    }
    let finished = control.finished().await;
    watching.abort();
    // It says nothing more once it is gone: what is said next is the last.
    let _ = watching.await;
    finished
}

/// Tells of what the source does beside handing out, and stops it at the end of standard input.
async fn watch(control: Control) {
    let stopping = control.clone();
    // A thread of its own, because no runtime can end while it reads standard input.
    thread::spawn(move || {
        // Whether it ends or fails, nobody is there any more.
        let _ = io::stdin().read_to_end(&mut Vec::new());
        stopping.stop();
    });
    let ready = async {
        if control.ready().await.is_ok() {
            say(Said::Ready);
        }
    };
    tokio::join!(ready, tell_what_it_reads(&control));
}

async fn tell_what_it_reads(control: &Control) {
    let (mut looks, mut before) = (interval(LOOK), Vec::new());
    loop {
        looks.tick().await;
        let status = control.status();
        let reading = status.iter().filter(|shard| shard.state == ShardState::Reading);
        let reads: Vec<_> = reading.map(|shard| shard.shard.to_string()).collect();
        if reads != before {
            say(Said::Reads(reads.clone()));
            before = reads;
        }
    }
}

/// Works at each message for a while, some at a time, and acks them in their order.
async fn consume(mut source: KinesisSource, hold: Duration, in_hand: usize) -> Result<()> {
    let mut held: VecDeque<(Instant, Out, Message<_>)> = VecDeque::new();
    let mut is_open = true;
    while is_open || !held.is_empty() {
        let next_done = held.front().map_or_else(Instant::now, |(until, ..)| *until);
        tokio::select! {
            () = sleep_until(next_done), if !held.is_empty() => {
                let (_, out, message) = held.pop_front().expect("one is held");
                say(Said::Done(out));
                message.ack();
            }
            message = source.next(), if is_open && held.len() < in_hand => match message.transpose()? {
                Some(message) => {
                    let out = Out::of(&message);
                    say(Said::Out(out.clone()));
                    held.push_back((Instant::now() + hold, out, message));
                }
                None => is_open = false,
            }
        }
    }
    Ok(())
}

/// Starts, again and again while its store comes back: who runs such a program starts it again as well.
async fn start(job: &WorkerJob) -> Result<KinesisSource> {
    let begun = Instant::now();
    let mut tries = interval(Duration::from_millis(100));
    loop {
        tries.tick().await;
        match connect(job).await {
            Err(error) if error.is_retryable() && begun.elapsed() < PATIENCE => {}
            outcome => return outcome,
        }
    }
}

async fn connect(job: &WorkerJob) -> Result<KinesisSource> {
    KinesisSource::builder(&job.stream)
        .sdk_config(dummy_config(&job.url))
        .application(&job.application)
        .worker(WorkerId::new(&*job.worker))
        .checkpoints(open_store(&job.store).await?)
        .lease_time(job.lease_time)
        .commit_interval(job.commit_interval)
        .drain_timeout(DRAIN)
        .connect()
        .await
}
