//! The way to the servers.

use std::fmt;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use redis::{Cmd, FromRedisValue, Pipeline, RedisError, RedisResult, ServerErrorKind, Value};
use tokio::time::{Instant, sleep, timeout_at};

use crate::client::{Client, Connection};
use crate::error::{Failure, passes};
use crate::script::Call;

/// How long the first pause is before an exchange is tried again, and the longest.
const PAUSES: (Duration, Duration) = (Duration::from_millis(10), Duration::from_millis(200));

/// After how long without an answer a connection is replaced when nobody waits for it any more.
const SILENCE: Duration = Duration::from_millis(200);

/// One connection for all, replaced when it fails, and exchanges over it that wait out what passes.
///
/// An exchange whose answer was lost is done again: every script may be run twice.
#[derive(Clone)]
pub(crate) struct Link(Arc<Shared>);

struct Shared {
    client: Client,
    address: String,
    timeout: Duration,
    current: Mutex<Current>,
}

struct Current {
    connection: Connection,
    /// Counts replacements, so that many tasks which see one connection fail replace it once.
    generation: u64,
    /// Whether it is to be replaced by the next who wants one: who sees it fail may be outside of the runtime.
    spoilt: bool,
}

impl Link {
    /// Connects, and asks for a sign of life.
    pub(crate) async fn open(client: Client, address: String, timeout: Duration) -> headwater::Result<Self> {
        let deadline = Instant::now() + timeout;
        let attempt = || async {
            let mut connection = client.connect().await?;
            redis::cmd("PING").exec_async(&mut connection).await?;
            Ok(connection)
        };
        let connected = patiently(deadline, attempt, |_| ()).await;
        let connection = connected.map_err(|failure| failure.during("open the store", &address))?;
        let current = Mutex::new(Current { connection, generation: 0, spoilt: false });
        Ok(Self(Arc::new(Shared { client, address, timeout, current })))
    }

    pub(crate) fn address(&self) -> &str {
        &self.0.address
    }

    /// Runs a script.
    pub(crate) async fn call<T: FromRedisValue + Send>(&self, call: &Call) -> Result<T, Failure> {
        let run = |mut connection| async move {
            match call.by_hash().query_async(&mut connection).await {
                // The server was restarted, or never saw the script.
                Err(error) if is_unknown(&error) => call.whole().query_async(&mut connection).await,
                answer => answer,
            }
        };
        self.exchange(run).await
    }

    /// Runs scripts that are the same but for key and arguments, in one exchange. The keys are in one slot.
    pub(crate) async fn call_all(&self, calls: &[Call]) -> Result<Vec<RedisResult<Value>>, Failure> {
        let mut pipeline = Pipeline::with_capacity(calls.len());
        for (number, call) in calls.iter().enumerate() {
            // The first brings the script along for the others.
            pipeline.add_command(if number == 0 { call.whole() } else { call.by_hash() });
        }
        pipeline.ignore_errors();
        let pipeline = &pipeline;
        let run = |mut connection| async move {
            let answers: Vec<RedisResult<Value>> = pipeline.query_async(&mut connection).await?;
            let passes = |error: &&RedisError| is_unknown(error) || passes(error);
            match answers.iter().filter_map(|answer| answer.as_ref().err()).find(passes) {
                Some(error) => Err(error.clone()),
                None => Ok(answers),
            }
        };
        self.exchange(run).await
    }

    /// Runs a command that only reads.
    pub(crate) async fn read<T: FromRedisValue>(&self, command: &Cmd) -> Result<T, Failure> {
        self.exchange(|mut connection| async move { command.query_async(&mut connection).await }).await
    }

    /// Does an exchange, again and again while the reason of its failure is one that passes, until the time is over.
    pub(crate) async fn exchange<T, F>(&self, exchange: impl Fn(Connection) -> F + Sync) -> Result<T, Failure>
    where
        F: Future<Output = RedisResult<T>> + Send,
    {
        let generation = AtomicU64::new(0);
        let attempt = || {
            let (connection, current) = self.0.connection();
            generation.store(current, Relaxed);
            let waiting =
                Waiting { shared: &self.0, generation: current, since: Instant::now(), answered: false };
            waiting.run(exchange(connection))
        };
        let failed = |failure: &Failure| self.0.give_up(generation.load(Relaxed), failure);
        patiently(Instant::now() + self.0.timeout, attempt, failed).await
    }
}

/// Tries until it succeeds, fails for good, or the time is over. Tells of each failure.
async fn patiently<T, F>(
    deadline: Instant,
    attempt: impl Fn() -> F,
    failed: impl Fn(&Failure),
) -> Result<T, Failure>
where
    F: Future<Output = RedisResult<T>> + Send,
{
    let (mut pause, longest) = PAUSES;
    let mut last = None;
    loop {
        let failure = match timeout_at(deadline, attempt()).await {
            Ok(Ok(value)) => return Ok(value),
            Ok(Err(error)) if !error.is_timeout() => Failure::Redis(error),
            Ok(Err(_)) | Err(_) => Failure::Silence,
        };
        failed(&failure);
        if !failure.passes() || Instant::now() + pause >= deadline {
            // What was said before the silence says more.
            return Err(if matches!(failure, Failure::Silence) { last.unwrap_or(failure) } else { failure });
        }
        last = Some(failure);
        sleep(pause).await;
        pause = (pause * 2).min(longest);
    }
}

/// An exchange that waits for its answer. Whoever gives up waiting, the connection may have fallen silent for good.
struct Waiting<'a> {
    shared: &'a Shared,
    generation: u64,
    since: Instant,
    answered: bool,
}

impl Waiting<'_> {
    async fn run<T>(mut self, exchange: impl Future<Output = T>) -> T {
        let answer = exchange.await;
        self.answered = true;
        answer
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if !self.answered && self.since.elapsed() >= SILENCE {
            self.shared.give_up(self.generation, &Failure::Silence);
        }
    }
}

fn is_unknown(error: &RedisError) -> bool {
    error.kind() == redis::ErrorKind::Server(ServerErrorKind::NoScript)
}

impl Shared {
    fn connection(&self) -> (Connection, u64) {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        if current.spoilt
            && let Ok(connection) = self.client.connect_later()
        {
            *current = Current { connection, generation: current.generation + 1, spoilt: false };
        }
        (current.connection.clone(), current.generation)
    }

    /// Gives up the connection that failed, unless it was replaced meanwhile.
    fn give_up(&self, generation: u64, failure: &Failure) {
        let spoilt = match &self.client {
            // It reconnects by itself, node by node.
            Client::Cluster(..) => matches!(failure, Failure::Silence),
            Client::Single(..) => failure.spoils_connection(),
        };
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        let newly = spoilt && !current.spoilt && current.generation == generation;
        current.spoilt |= newly;
        drop(current);
        if newly {
            let error = failure.during("use the connection", &self.address);
            tracing::warn!(%error, "connection to the checkpoint store lost; making a new one");
        }
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Link").field("address", &self.0.address).field("timeout", &self.0.timeout).finish()
    }
}
