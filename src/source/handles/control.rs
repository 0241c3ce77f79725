//! A handle on a source that outlives the stream it came from.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Context;

use futures::task::AtomicWaker;
use tokio::sync::{mpsc, watch};

use crate::source::handles::gates::Gates;
use crate::source::handles::seek::{Seek, WAITING_SEEKS};
use crate::source::{Gap, ShardStatus};
use crate::{Error, ErrorKind, Result};

/// How many gaps are remembered; the oldest are forgotten first.
const REMEMBERED_GAPS: usize = 1_000;

/// Watches and ends a source that has moved into `decode` and `forward`. Cheap to clone.
///
/// # Example
///
/// ```
/// # use futures::StreamExt;
/// # use headwater::MemoryStream;
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> headwater::Result<()> {
/// # let stream = MemoryStream::new("orders", 1);
/// let source = stream.source().await?;
/// let control = source.control();
///
/// control.ready().await?;
/// control.stop();
/// source.forward(futures::sink::drain().sink_map_err(|never| match never {})).await?;
/// control.finished().await?; // the last checkpoint is stored
/// # Ok(())
/// # }
/// # use futures::SinkExt;
/// ```
#[derive(Clone, Debug)]
pub struct Control {
    pub(in crate::source) shared: Arc<Shared>,
}

#[derive(Debug)]
pub(in crate::source) struct Shared {
    stop: watch::Sender<bool>,
    ready: watch::Sender<bool>,
    pub(in crate::source) caught_up: watch::Sender<bool>,
    outcome: watch::Sender<Option<Outcome>>,
    status: Mutex<Vec<ShardStatus>>,
    gaps: Mutex<VecDeque<Gap>>,
    gates: Gates,
    pub(in crate::source) seeks: mpsc::Sender<Seek>,
    /// What the stream has to report before it ends.
    failure: Mutex<Failure>,
    /// Set once there is such a thing: the stream looks before each message.
    has_failed: AtomicBool,
    /// The task that polls the stream, woken by a failure and by `stop`.
    pub(in crate::source) stream: AtomicWaker,
}

/// The error that ends the stream: as it is to be yielded, and as it is kept for `finished`.
#[derive(Debug, Default)]
struct Failure {
    unsaid: Option<Error>,
    said: Option<Error>,
}

/// How a source ended; an error is kept as it can be told to many.
type Outcome = std::result::Result<(), Arc<Error>>;

impl Control {
    pub(in crate::source) fn new() -> (Self, mpsc::Receiver<Seek>) {
        let (seeks, asked) = mpsc::channel(WAITING_SEEKS);
        let shared = Shared {
            stop: watch::Sender::new(false),
            ready: watch::Sender::new(false),
            caught_up: watch::Sender::new(false),
            outcome: watch::Sender::new(None),
            status: Mutex::default(),
            gaps: Mutex::default(),
            gates: Gates::default(),
            seeks,
            failure: Mutex::default(),
            has_failed: AtomicBool::new(false),
            stream: AtomicWaker::new(),
        };
        (Self { shared: Arc::new(shared) }, asked)
    }

    /// Waits until every shard that this worker may read has a place to read from: what is put into the stream from
    /// then on is delivered, even when the source started at LATEST.
    ///
    /// # Errors
    ///
    /// The error that ended the source, if it ends before.
    ///
    /// # Cancel safety
    ///
    /// May be dropped and called again.
    ///
    /// # Example
    ///
    /// ```
    /// use futures::TryStreamExt;
    /// use headwater::MemoryStream;
    /// use headwater::source::{SourceConfig, Start};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> headwater::Result<()> {
    /// # let stream = MemoryStream::new("orders", 1);
    /// let mut config = SourceConfig::default();
    /// config.start = Start::Latest;
    /// let mut source = stream.source_with(config).await?;
    ///
    /// source.control().ready().await?;
    /// stream.put("customer-7", "an order"); // cannot be missed
    /// assert_eq!(source.try_next().await?.expect("one was put").payload(), "an order");
    /// # Ok(())
    /// # }
    /// ```
    pub async fn ready(&self) -> Result<()> {
        let mut ready = self.shared.ready.subscribe();
        tokio::select! {
            biased;
            _ = ready.wait_for(|ready| *ready) => Ok(()),
            outcome = self.finished() => outcome.and_then(|()| {
                Err(Error::new(ErrorKind::Closed, "wait for a source to be ready: it has ended"))
            }),
        }
    }

    /// Waits until the source has ended and its last checkpoint is stored. A source ends when its stream is dropped
    /// or exhausted, when it failed, or after [`stop`](Self::stop).
    ///
    /// # Errors
    ///
    /// `Abandoned`, naming the shards with unacked messages; or what ended the source, or kept the last checkpoint
    /// from being stored.
    ///
    /// # Cancel safety
    ///
    /// May be dropped and called again; gives the same answer to all.
    ///
    /// # Example
    ///
    /// ```
    /// use futures::TryStreamExt;
    /// use headwater::{ErrorKind, MemoryStream};
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> headwater::Result<()> {
    /// # let stream = MemoryStream::new("orders", 1);
    /// # stream.put("customer-7", "first");
    /// # stream.put("customer-7", "second");
    /// let mut source = stream.source().await?;
    /// let control = source.control();
    /// source.try_next().await?.expect("two were put").ack();
    /// let second = source.try_next().await?.expect("two were put");
    ///
    /// drop((source, second)); // the second was not acked
    /// assert_eq!(control.finished().await.unwrap_err().kind(), ErrorKind::Abandoned);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn finished(&self) -> Result<()> {
        let mut outcome = self.shared.outcome.subscribe();
        let outcome = outcome.wait_for(Option::is_some).await;
        match outcome.as_deref() {
            Ok(Some(Ok(()))) => Ok(()),
            Ok(Some(Err(error))) => Err(error.restate()),
            _ => Err(Error::new(ErrorKind::Closed, "finish a source: its task is gone")),
        }
    }

    /// Asks the source to read no further. Its stream ends after what was already fetched for the current page; the
    /// rest is read again by the next start.
    ///
    /// # Example
    ///
    /// What is under way is delivered first:
    ///
    /// ```
    /// use futures::StreamExt;
    /// use headwater::MemoryStream;
    /// # use std::time::Duration;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> headwater::Result<()> {
    /// # let (orders, copies) = (MemoryStream::new("orders", 1), MemoryStream::new("copies", 1));
    /// # orders.put("customer-7", "an order");
    /// # let signal = tokio::time::sleep(Duration::from_secs(1));
    /// let source = orders.source().await?;
    /// let (control, stopper) = (source.control(), source.control());
    /// tokio::spawn(async move {
    ///     signal.await; // Ctrl-C, say
    ///     stopper.stop();
    /// });
    /// source.forward(copies.sink()).await?;
    /// control.finished().await?;
    /// assert_eq!(copies.records().len(), 1);
    /// # Ok(())
    /// # }
    /// ```
    pub fn stop(&self) {
        self.shared.stop.send_replace(true);
        self.wake();
    }

    /// Returns what is known of each shard, as of the coordinator's last turn.
    ///
    /// # Example
    ///
    /// ```
    /// use headwater::MemoryStream;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> headwater::Result<()> {
    /// let source = MemoryStream::new("orders", 2).source().await?;
    /// let control = source.control();
    /// control.ready().await?;
    /// for shard in control.status() {
    ///     println!("{}: {:?}, {} unacked", shard.shard, shard.state, shard.in_flight);
    /// }
    /// assert_eq!(control.status().len(), 2);
    /// # Ok(())
    /// # }
    /// ```
    pub fn status(&self) -> Vec<ShardStatus> {
        lock(&self.shared.status).clone()
    }

    /// Returns the gaps that were found and read past, the latest thousand, oldest first.
    ///
    /// # Example
    ///
    /// [`Gap`] has one.
    pub fn gaps(&self) -> Vec<Gap> {
        lock(&self.shared.gaps).iter().cloned().collect()
    }

    pub(in crate::source) fn add_gap(&self, gap: Gap) {
        let mut gaps = lock(&self.shared.gaps);
        if gaps.len() == REMEMBERED_GAPS {
            gaps.pop_front();
        }
        gaps.push_back(gap);
    }

    /// Gives the stream an error to end with. The first one stands.
    pub(in crate::source) fn fail(&self, error: Error) {
        let mut failure = lock(&self.shared.failure);
        if failure.said.is_none() {
            failure.said = Some(error.restate());
            failure.unsaid = Some(error);
        }
        drop(failure);
        self.shared.has_failed.store(true, Ordering::Release);
        // Whether or not anybody polls the stream, the source ends, so `ready` and `finished` answer.
        self.stop();
    }

    /// Returns the error that the stream ends or ended with.
    pub(in crate::source) fn failed(&self) -> Option<Error> {
        lock(&self.shared.failure).said.as_ref().map(Error::restate)
    }

    /// Tells whether the stream has to end with an error.
    pub(in crate::source) fn has_failed(&self) -> bool {
        self.shared.has_failed.load(Ordering::Acquire)
    }

    /// Takes the error that the stream has to end with.
    pub(in crate::source) fn take_failure(&self) -> Option<Error> {
        lock(&self.shared.failure).unsaid.take()
    }

    /// Sees to it that the task is woken by a failure, by `stop`, and by shards that are resumed. Before it looks for them.
    pub(in crate::source) fn watch(&self, cx: &mut Context<'_>) {
        self.shared.stream.register(cx.waker());
    }

    /// Wakes the task that polls the stream.
    pub(in crate::source) fn wake(&self) {
        self.shared.stream.wake();
    }

    pub(in crate::source) fn stopped(&self) -> watch::Receiver<bool> {
        self.shared.stop.subscribe()
    }

    pub(in crate::source) fn is_stopped(&self) -> bool {
        *self.shared.stop.borrow()
    }

    pub(in crate::source) fn set_ready(&self) {
        self.shared.ready.send_replace(true);
    }

    pub(in crate::source) fn is_caught_up(&self) -> bool {
        *self.shared.caught_up.borrow()
    }

    pub(in crate::source) fn set_caught_up(&self) {
        let first = self.shared.caught_up.send_if_modified(|known| !std::mem::replace(known, true));
        if first {
            self.shared.stream.wake();
        }
    }

    pub(in crate::source) fn gates(&self) -> &Gates {
        &self.shared.gates
    }

    pub(in crate::source) fn set_status(&self, status: Vec<ShardStatus>) {
        *lock(&self.shared.status) = status;
    }

    /// Tells how the source ended. The first word stands.
    pub(in crate::source) fn finish(&self, outcome: Result<()>) -> bool {
        self.shared.outcome.send_if_modified(|known| {
            let first = known.is_none();
            if first {
                *known = Some(outcome.map_err(Arc::new));
            }
            first
        })
    }
}

/// A panic elsewhere while one of these was held leaves nothing half-written.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
