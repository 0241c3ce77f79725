//! Splits and merges in mid-run, drawn from a seed.

use fastrand::Rng;
use headwater_local::{LocalKinesis, ShardInfo};

/// Changes of a stream's shards, each due when a certain message is sent.
pub(crate) struct Reshards {
    rng: Rng,
    changes: Vec<(usize, Change)>,
}

/// One change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// An open shard becomes two
    Split,
    /// Two open shards next to each other become one
    Merge,
    /// The stream gets so many shards of equal width, with short-lived ones on the way
    Scale(usize),
}

impl Reshards {
    /// Draws when each change is due, within the first nine tenths of `messages`, so that some follow the last one.
    pub(crate) fn drawn(seed: u64, messages: usize, changes: &[Change]) -> Self {
        let mut rng = Rng::with_seed(seed);
        let mut due: Vec<usize> =
            changes.iter().map(|_| rng.usize(messages / 20..messages * 9 / 10)).collect();
        due.sort_unstable();
        Self { rng, changes: due.into_iter().zip(changes.iter().copied()).rev().collect() }
    }

    /// Carries out what is due before message `number` of a stream.
    pub(crate) fn before(&mut self, number: usize, local: &LocalKinesis, stream: &str) {
        while let Some((_, change)) = self.changes.pop_if(|(due, _)| *due <= number) {
            match change {
                Change::Split => self.split(local, stream),
                Change::Merge => self.merge(local, stream),
                Change::Scale(shards) => local.update_shard_count(stream, shards).expect("any count will do"),
            }
        }
    }

    fn split(&mut self, local: &LocalKinesis, stream: &str) {
        let open = open(local, stream);
        let shard = &open[self.rng.usize(..open.len())];
        local.split_shard(stream, &shard.shard_id).expect("an open shard can be split");
    }

    fn merge(&mut self, local: &LocalKinesis, stream: &str) {
        let open = open(local, stream);
        let low = self.rng.usize(..open.len() - 1);
        let (low, high) = (&open[low].shard_id, &open[low + 1].shard_id);
        local.merge_shards(stream, low, high).expect("open shards next to each other can be merged");
    }
}

/// The open shards by their hash keys.
fn open(local: &LocalKinesis, stream: &str) -> Vec<ShardInfo> {
    let mut shards = local.shards(stream).expect("the stream exists");
    shards.retain(|shard| shard.is_open);
    shards.sort_unstable_by_key(|shard| shard.starting_hash_key);
    shards
}
