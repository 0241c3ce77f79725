//! The workers of the model, and what ails their stores.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use fastrand::Rng;
use futures::StreamExt;

use super::ledger::Stint;
use super::odd::Odd;
use super::sick::{Illness, Sick, Verb};
use crate::checkpoint::{MemoryCheckpoints, WorkerId};
use crate::source::pages::budget::ByteBudget;
use crate::source::{Backfill, Control, Live, OnAbandon, ShardedSource, SourceConfig, Until};
use crate::{ErrorKind, Message, Result, ShardId};

/// What is wrong with the store of every worker.
#[derive(Default)]
pub(super) struct Health {
    /// Of 100 verbs, how many fail, and how many are done without an answer.
    pub(super) fails: AtomicU8,
    pub(super) loses: AtomicU8,
    pub(super) rng: Mutex<Rng>,
}

impl Health {
    pub(super) fn diagnose(&self) -> Option<Illness> {
        let chance = self.rng.lock().unwrap().u8(..100);
        let fails = self.fails.load(Ordering::SeqCst);
        if chance < fails {
            return Some(Illness::Fails(ErrorKind::Unavailable));
        }
        (chance < fails + self.loses.load(Ordering::SeqCst)).then_some(Illness::LosesTheAnswer)
    }

    pub(super) fn set(&self, fails: u8, loses: u8) {
        self.fails.store(fails, Ordering::SeqCst);
        self.loses.store(loses, Ordering::SeqCst);
    }
}

pub(super) enum Feed {
    Whole(ShardedSource),
    Parted(Option<Backfill>, Live),
}

/// A message that is out.
pub(super) struct Out {
    pub(super) stint: Stint,
    pub(super) epoch: usize,
    pub(super) record: u64,
    pub(super) message: Message<Bytes>,
}

pub(super) struct Worker {
    pub(super) name: usize,
    pub(super) feed: Option<Feed>,
    pub(super) control: Control,
    pub(super) budget: ByteBudget,
    pub(super) held: Vec<Out>,
    /// Whether its store hangs.
    pub(super) cut_off: Arc<AtomicBool>,
    /// What of it alone hangs.
    pub(super) hung: Arc<Mutex<Option<Verb>>>,
    pub(super) redelivers: bool,
    pub(super) until: Until,
    pub(super) max_shards: usize,
    /// Whether it dropped a message unacked.
    pub(super) dropped: bool,
    /// The last record that was put before it began, while nothing but its own reading can have passed that over.
    pub(super) due: Option<u64>,
    pub(super) all_paused: bool,
    pub(super) paused: HashMap<ShardId, bool>,
}

impl Worker {
    pub(super) async fn connect(
        name: usize,
        stream: Odd,
        mut config: SourceConfig,
        store: &MemoryCheckpoints,
        health: &Arc<Health>,
        parted: bool,
    ) -> Self {
        let cut_off = Arc::new(AtomicBool::new(false));
        let hung = Arc::new(Mutex::new(None));
        let (hangs, hangs_at, health) = (Arc::clone(&cut_off), Arc::clone(&hung), Arc::clone(health));
        config.worker = WorkerId::new(name.to_string());
        config.checkpoints = Arc::new(Sick::with(store, move |verb, _| match verb {
            Verb::Start => None,
            _ if hangs.load(Ordering::SeqCst) || *hangs_at.lock().unwrap() == Some(verb) => {
                Some(Illness::Hangs)
            }
            _ => health.diagnose(),
        }));
        let (until, max_shards) = (config.until, config.max_shards);
        let redelivers = config.on_abandon == OnAbandon::Redeliver;
        let source = ShardedSource::connect(Arc::new(stream), config).await.unwrap();
        let (control, budget) = (source.control(), source.budget.clone());
        let feed = if parted {
            let (history, live) = source.backfill();
            Feed::Parted(Some(history), live)
        } else {
            Feed::Whole(source)
        };
        Self {
            name,
            feed: Some(feed),
            control,
            budget,
            held: Vec::new(),
            cut_off,
            hung,
            redelivers,
            until,
            max_shards,
            dropped: false,
            due: None,
            all_paused: false,
            paused: HashMap::new(),
        }
    }

    pub(super) async fn next(&mut self) -> Option<Result<Message<Bytes>>> {
        match self.feed.as_mut()? {
            Feed::Whole(source) => source.next().await,
            Feed::Parted(Some(history), _) => history.next().await,
            Feed::Parted(None, live) => live.next().await,
        }
    }

    /// Its stream has ended, or the first part of it.
    pub(super) fn has_ended(&mut self) {
        match &mut self.feed {
            Some(Feed::Parted(history @ Some(_), _)) => drop(history.take()),
            feed => drop(feed.take()),
        }
    }

    pub(super) fn is_paused(&self, shard: &ShardId) -> bool {
        self.paused.get(shard).copied().unwrap_or(self.all_paused)
    }

    /// Pauses or resumes one shard or all.
    pub(super) fn direct(&mut self, shard: &ShardId, draw: u8) {
        match draw {
            0 => {
                self.control.pause_all();
                self.paused.clear();
                self.all_paused = true;
            }
            1 | 2 => self.resume(),
            3 if self.control.resume(shard).is_ok() => {
                self.paused.insert(shard.clone(), false);
            }
            _ if self.control.pause(shard).is_ok() => {
                self.paused.insert(shard.clone(), true);
            }
            _ => {}
        }
    }

    pub(super) fn resume(&mut self) {
        self.control.resume_all();
        self.paused.clear();
        self.all_paused = false;
    }
}
