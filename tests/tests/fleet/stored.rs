//! What a store holds, watched for as long as a test runs.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use headwater::checkpoint::{Application, CheckpointStore, LeaseRow};
use headwater::{Position, ShardId};
use headwater_tests::{eventually, open_store};
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval};

/// How often it looks.
const LOOK: Duration = Duration::from_millis(50);

/// A store that is listed again and again by somebody who is no worker.
pub(crate) struct Stored {
    seen: Arc<Mutex<Seen>>,
    watching: JoinHandle<()>,
}

/// What was seen so far.
#[derive(Default)]
struct Seen {
    rows: HashMap<ShardId, LeaseRow>,
    /// When a position was first seen, in microseconds of Unix time.
    moves: Vec<(u64, ShardId, Position)>,
    faults: Vec<String>,
    looks: usize,
    /// The longest that it took from a look to its answer, in vain or not.
    longest_silence: Duration,
}

impl Stored {
    /// Watches from now on.
    pub(crate) async fn watch(store: &str, application: Application) -> Self {
        // A busy machine may take longer than the store waits.
        let store = eventually("the store is open", async || open_store(store).await.ok()).await;
        let seen = Arc::new(Mutex::new(Seen::default()));
        let watching = tokio::spawn(look(store, application, Arc::clone(&seen)));
        Self { seen, watching }
    }

    /// The rows as they were last listed.
    pub(crate) fn rows(&self) -> HashMap<ShardId, LeaseRow> {
        self.with(|seen| seen.rows.clone())
    }

    /// Each position that was seen, and when, in the order of time.
    pub(crate) fn moves(&self) -> Vec<(u64, ShardId, Position)> {
        self.with(|seen| seen.moves.clone())
    }

    /// What was seen that must not be: a checkpoint that went backwards.
    pub(crate) fn faults(&self) -> Vec<String> {
        self.with(|seen| seen.faults.clone())
    }

    /// How often the store answered.
    pub(crate) fn looks(&self) -> usize {
        self.with(|seen| seen.looks)
    }

    /// The longest that the store took to answer.
    pub(crate) fn longest_silence(&self) -> Duration {
        self.with(|seen| seen.longest_silence)
    }

    fn with<T>(&self, look: impl FnOnce(&Seen) -> T) -> T {
        look(&self.seen.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Drop for Stored {
    fn drop(&mut self) {
        self.watching.abort();
    }
}

async fn look(store: Arc<dyn CheckpointStore>, application: Application, seen: Arc<Mutex<Seen>>) {
    let mut looks = interval(LOOK);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        // From when it was due, for a machine that stands still is silent too.
        let due = looks.tick().await;
        let listed = store.list(&application).await;
        {
            let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
            seen.longest_silence = seen.longest_silence.max(due.elapsed());
        }
        // It is away now and then.
        let Ok(rows) = listed else { continue };
        let at = SystemTime::now().duration_since(UNIX_EPOCH).expect("it is later than 1970").as_micros();
        let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.looks += 1;
        for row in rows {
            seen.take_in(u64::try_from(at).expect("a time"), row);
        }
    }
}

impl Seen {
    fn take_in(&mut self, at: u64, row: LeaseRow) {
        let before = self.rows.get(&row.shard);
        if let Some(before) = before
            && row.checkpoint.position < before.checkpoint.position
        {
            self.faults.push(format!("{before:?} became {row:?}"));
        }
        if before.is_none_or(|before| before.checkpoint.position != row.checkpoint.position) {
            self.moves.push((at, row.shard.clone(), row.checkpoint.position.clone()));
        }
        self.rows.insert(row.shard.clone(), row);
    }
}
