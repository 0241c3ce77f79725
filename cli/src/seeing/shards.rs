//! The shards of a stream, as all workers of the process know them.

use std::collections::BTreeMap;

use headwater::source::{ShardState, ShardStatus};
use headwater::{Control, ShardId};

/// What is known of the shards of each stream: of each shard, the word of the worker who knows most.
pub(crate) fn by_stream(sources: &[(String, Control)]) -> BTreeMap<String, BTreeMap<ShardId, ShardStatus>> {
    let mut streams = BTreeMap::<_, BTreeMap<ShardId, ShardStatus>>::new();
    for (stream, control) in sources {
        let known = streams.entry(stream.clone()).or_default();
        for status in control.status() {
            if known.get(&status.shard).is_none_or(|known| knowledge(&status) > knowledge(known)) {
                known.insert(status.shard.clone(), status);
            }
        }
    }
    streams
}

/// Whether it is read here.
pub(crate) fn is_held(shard: &ShardStatus) -> bool {
    matches!(shard.state, ShardState::Reading | ShardState::Draining)
}

/// Whether it could be read, and nobody does.
pub(crate) fn is_without_owner(shard: &ShardStatus) -> bool {
    shard.state == ShardState::Unleased && shard.owner.is_none()
}

/// How much a worker knows of a shard: most who holds it, then who sees it finished, then who sees an owner.
fn knowledge(shard: &ShardStatus) -> u8 {
    match shard.state {
        ShardState::Reading | ShardState::Draining => 3,
        ShardState::Finished => 2,
        _ => u8::from(shard.owner.is_some()),
    }
}
