//! What others than its workers do to the fleet of the model.

use super::application;
use super::ledger::rows;
use super::model::World;
use super::sick::Verb;
use crate::Position;
use crate::checkpoint::{CheckpointStore, WorkerId};

/// A worker that asks for shards and never reads any.
const STRANGER: usize = 999;

impl World {
    /// Somebody asks for a shard: one that is not there, or another worker.
    pub(super) async fn ask_for_one(&mut self) {
        let rows = rows(&self.store);
        if rows.is_empty() {
            return;
        }
        let row = &rows[self.rng.usize(..rows.len())];
        let at = self.rng.usize(..=self.workers.len());
        let name = self.workers.get(at).map_or(STRANGER, |worker| worker.name);
        let to = WorkerId::new(name.to_string());
        if self.rng.bool() {
            self.store.announce(&application(), &to, u32::MAX).await.unwrap();
        }
        self.store.request_handoff(&application(), row, &to).await.unwrap();
        // What a stranger holds is read by nobody for a while.
        self.workers.iter_mut().for_each(|worker| worker.due = None);
    }

    /// An operator says where a shard is to be read from.
    pub(super) async fn reset(&mut self) {
        let rows = rows(&self.store);
        if rows.is_empty() {
            return;
        }
        let listed = &rows[self.rng.usize(..rows.len())];
        let shard = listed.shard.clone();
        let records = &self.ledger.records[&shard];
        let to = match records.len() {
            0 => Position::Beginning,
            _ if self.rng.bool() => Position::Beginning,
            len => {
                let after = records[self.rng.usize(..len)].to_string();
                Position::After { sequence: after.into(), sub_sequence: None }
            }
        };
        self.ledger.check_stored(&self.store);
        let checkpoint = to.clone().into();
        assert!(self.store.reset(&application(), &shard, Some(listed), &checkpoint).await.unwrap());
        self.ledger.reset(&shard, to);
        self.workers.iter_mut().for_each(|worker| worker.due = None);
    }

    /// One verb of a worker's store hangs for a while.
    pub(super) fn hang(&mut self, at: usize) {
        let verbs = [
            Verb::Claim,
            Verb::Renew,
            Verb::Commit,
            Verb::Release,
            Verb::RequestHandoff,
            Verb::List,
            Verb::Announce,
            Verb::Workers,
            Verb::Retire,
        ];
        let verb = self.rng.bool().then(|| self.one(&verbs));
        *self.workers[at].hung.lock().unwrap() = verb;
    }
}
