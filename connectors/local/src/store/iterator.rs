//! Shard iterators.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Account, Shard, ShardId, Stream, StreamRef, Timestamp};
use crate::error::{Error, ErrorCode};
use crate::opaque;

/// A place in a shard, as a client holds it. The endpoint keeps nothing for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct IteratorToken {
    pub(crate) stream: String,
    generation: u64,
    shard: u32,
    /// The least counter that it will return.
    pub(crate) next: u64,
    issued: Timestamp,
    epoch: u32,
}

impl IteratorToken {
    pub(crate) fn issue(
        account: &Account,
        stream: &Stream,
        shard: &Shard,
        next: u64,
        now: Timestamp,
    ) -> String {
        opaque::seal(&Self {
            stream: stream.name.clone(),
            generation: stream.generation,
            shard: shard.id.index(),
            next,
            issued: now,
            epoch: account.iterator_epoch(),
        })
    }

    /// Reads an iterator. Whether it is still good is for [`place`](Self::place) to say.
    pub(crate) fn parse(text: &str) -> Result<Self, Error> {
        opaque::open(text).ok_or_else(|| Error::invalid_argument("Invalid ShardIterator."))
    }

    pub(crate) fn shard_id(&self) -> ShardId {
        ShardId::new(self.shard)
    }

    /// Finds the stream and the shard that the iterator points into.
    pub(crate) fn place(
        &self,
        account: &Account,
        now: Timestamp,
    ) -> Result<(Arc<Stream>, Arc<Shard>), Error> {
        let name = StreamRef { name: Some(&self.stream), arn: None };
        let stream = account.find_serving(name, now)?;
        if stream.generation != self.generation {
            return Err(Error::invalid_argument("Invalid ShardIterator."));
        }
        let age = now.saturating_sub(self.issued);
        let lifetime = account.settings.iterator_lifetime;
        if age >= lifetime || self.epoch != account.iterator_epoch() {
            let message = format!(
                "Iterator expired. The iterator was created {age} ms ago while the lifetime of an iterator is \
                 {lifetime} ms, or the endpoint was told to expire all."
            );
            return Err(Error::new(ErrorCode::ExpiredIterator, message));
        }
        let shard = stream.state(now).topology.shard(self.shard_id()).cloned();
        let shard = shard.ok_or_else(|| account.no_such_shard(&stream, &self.shard_id().to_string()))?;
        Ok((stream, shard))
    }
}

impl Account {
    pub(crate) fn no_such_shard(&self, stream: &Stream, shard: &str) -> Error {
        Error::not_found(format!(
            "Shard {shard} in stream {} under account {} does not exist",
            stream.name,
            self.id()
        ))
    }
}
