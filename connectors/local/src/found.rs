//! A stream that a direct method found, and the moment at which it looks.

use std::sync::Arc;

use crate::endpoint::Endpoint;
use crate::error::{Error, ErrorCode};
use crate::inspect::StoredRecord;
use crate::rates::ShardRates;
use crate::store::{Append, Change, Payload, Phase, Record, Shard, ShardId, Stream, Timestamp, hash_of};

/// A stream, found at a moment.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) endpoint: Arc<Endpoint>,
    pub(crate) stream: Arc<Stream>,
    pub(crate) now: Timestamp,
}

impl Found {
    pub(crate) fn shard(&self, shard_id: &str) -> Result<Arc<Shard>, Error> {
        let state = self.stream.state(self.now);
        let shard = ShardId::parse(shard_id).and_then(|id| state.topology.shard(id).cloned());
        shard.ok_or_else(|| self.endpoint.account.no_such_shard(&self.stream, shard_id))
    }

    /// Returns every shard, without the records whose retention has passed.
    pub(crate) fn trimmed(&self) -> Vec<Arc<Shard>> {
        let state = self.stream.state(self.now);
        for shard in state.topology.shards() {
            shard.log().trim(state.horizon(self.now));
        }
        state.topology.shards().to_vec()
    }

    pub(crate) fn put(
        &self,
        partition_key: &str,
        data: &[u8],
        explicit_hash_key: Option<u128>,
    ) -> Result<StoredRecord, Error> {
        let mut record = Record {
            counter: 0,
            arrival: self.now,
            partition_key: partition_key.to_owned().into(),
            explicit_hash_key,
            payload: Payload::from_data(data),
        };
        let state = self.stream.state(self.now);
        let hash_key = || explicit_hash_key.unwrap_or_else(|| hash_of(partition_key.as_bytes()));
        let shard = &state.topology.open()[self.stream.route(&state, hash_key)];
        let limits = Append {
            now: self.now,
            rates: ShardRates::UNLIMITED,
            counter: &self.stream.counter,
            detach: false,
            max_bytes: self.endpoint.account.settings.max_bytes_per_shard,
        };
        let stored = shard.log().append(record.clone(), limits);
        let refused = || Error::new(ErrorCode::ProvisionedThroughputExceeded, "The shard takes no more.");
        record.counter = stored.ok_or_else(refused)?;
        Ok(StoredRecord::new(shard, &record))
    }

    /// Changes the shards at once and returns the ids of the new ones that are open. `parents` must be open.
    pub(crate) fn reshard(&self, change: Change, parents: &[ShardId]) -> Result<Vec<String>, Error> {
        let mut state = self.stream.state_mut(self.now);
        if state.phase != Phase::Active {
            return Err(self.stream.not_active(&state, self.endpoint.account.id()));
        }
        for id in parents {
            if state.topology.shard(*id).is_none_or(|shard| !state.topology.is_open(shard)) {
                return Err(Error::invalid_argument(format!("Shard {id} is not open.")));
            }
        }
        let before = state.topology.shards().last().map(|shard| shard.id);
        state.topology.apply(change, self.now, &mut || self.stream.next_counter());
        let new = state.topology.open().iter().filter(|shard| Some(shard.id) > before);
        Ok(new.map(|shard| shard.name.to_string()).collect())
    }
}
