//! `headwater put`: an argument, or what comes on standard input, into a stream.
//!
//! ```text
//!   DATA, stdin ──► Input ──► Keys ──► Pace ──► Producer ──► receipts ──► Ledger ──► stdout, dead letters, exit code
//!                   lines,                      bounded       as they come
//!                   bounded                     queue
//! ```

mod args;
mod chunk;
mod dead_letters;
mod feed;
mod input;
mod keys;
mod ledger;
mod letter;
mod pace;
mod summary;

use std::time::Instant;

use bytes::Bytes;
use headwater::Undelivered;
use headwater::batch::Producer;
use tokio::sync::mpsc;

use crate::connection::Connection;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::refused::refused_target;
use crate::seeing::Seeing;
use crate::stream_api::region;

use self::dead_letters::DeadLetters;
use self::feed::{Ended, Feed, Sent};
use self::input::Input;
use self::ledger::Ledger;
use self::summary::Summary;

pub(crate) use self::args::PutArgs;

/// How many messages may be on their way from the producer to the ledger, which looks at each at once.
const HAND_OVER: usize = 256;

/// Does it.
pub(crate) async fn run(args: PutArgs, context: Context) -> Result<Exit, Failure> {
    let codec = args.codec.writing(args.compress)?;
    let input = Input::of(&args)?;
    let dead_letters = args.dead_letter.as_deref().map(DeadLetters::open).transpose()?;
    let connection = Connection::load(&context.globals).await;
    // The sink says the same in the words of the library.
    region(&connection, args.stream.region())?;
    let seeing = Seeing::start(&args.seeing, "put", &context).await?;
    let sink = tokio::select! {
        sink = args.sink(&connection).connect() => sink.map_err(refused_target)?,
        () = context.stop.asked() => return Ok(context.stop.exit()),
    };
    seeing.sink(args.stream.name(), sink.status());
    let status = sink.status();
    let mut ledger = Ledger::new(*codec.serializer(), args.receipts, dead_letters);
    let producer = sink.encode(codec).producer();

    let begun = Instant::now();
    let (tx, rx) = mpsc::channel(HAND_OVER);
    let feed = Feed::new(&args, input, producer.clone());
    let (put, settled) = tokio::join!(put(feed, tx, &producer, &context), ledger.settle(rx));
    // What was on its way when receipts or dead letters could not be written any more.
    let returned: Vec<_> = put.returned.iter().map(|returned| ledger.returned(returned)).collect();
    let trouble = put.trouble.or(settled.err()).or(returned.into_iter().find_map(Result::err));
    let (stream, took) = (args.stream.name(), begun.elapsed());
    Summary { stream, ledger: &ledger, status, ended: put.ended, trouble, took }.tell(&context)
}

/// What came of the input.
struct Put {
    ended: Ended,
    /// Why it could not be read
    trouble: Option<Failure>,
    /// What was handed back without a receipt
    returned: Vec<Undelivered>,
}

/// Feeds the producer until its input ends, somebody asks to stop, or nobody takes receipts; then waits until all of it
/// is settled.
async fn put(mut feed: Feed, tx: mpsc::Sender<Sent>, producer: &Producer<Bytes>, context: &Context) -> Put {
    let ended = tokio::select! {
        biased;
        () = context.stop.asked() => Ok(Ended::After(feed.done())),
        () = tx.closed() => Ok(Ended::After(feed.done())),
        ended = feed.run(&tx) => ended,
    };
    drop(tx);
    // A flush gives up nothing but what its time to live is over. Who asked to stop waits no longer than for the
    // deadline of a closing sink.
    let mut returned = tokio::select! {
        biased;
        () = context.stop.asked() => Vec::new(),
        returned = producer.flush() => returned,
    };
    returned.extend(producer.close().await);
    match ended {
        Ok(ended) => Put { ended, trouble: None, returned },
        Err(failure) => Put { ended: Ended::After(feed.done()), trouble: Some(failure), returned },
    }
}
