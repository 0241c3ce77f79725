//! The gates by which users pause shards.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::ShardId;
use crate::source::handles::gate::Gate;

/// A gate for each shard, made when it is first asked for. It outlives restarts and claims of the shard.
#[derive(Debug, Default)]
pub(in crate::source) struct Gates(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    /// Whether shards that are yet to come are paused.
    paused: bool,
    gates: HashMap<ShardId, Arc<Gate>>,
}

impl Gates {
    pub(in crate::source) fn of(&self, shard: &ShardId) -> Arc<Gate> {
        let mut inner = self.lock();
        let paused = inner.paused;
        let gate = inner.gates.entry(shard.clone()).or_insert_with(|| {
            let gate = Gate::default();
            if paused {
                gate.close();
            }
            Arc::new(gate)
        });
        Arc::clone(gate)
    }

    pub(in crate::source) fn is_paused(&self, shard: &ShardId) -> bool {
        let inner = self.lock();
        inner.gates.get(shard).map_or(inner.paused, |gate| !gate.is_open())
    }

    pub(in crate::source) fn pause_all(&self) {
        let mut inner = self.lock();
        inner.paused = true;
        inner.gates.values().for_each(|gate| gate.close());
    }

    pub(in crate::source) fn resume_all(&self) {
        let mut inner = self.lock();
        inner.paused = false;
        inner.gates.values().for_each(|gate| gate.open());
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
