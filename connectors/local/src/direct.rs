//! Looking into an endpoint and changing it without a client.

use std::time::Duration;

use crate::error::Error;
use crate::found::Found;
use crate::inspect::{ShardInfo, StoredRecord};
use crate::limits;
use crate::local::LocalKinesis;
use crate::store::{Change, Distribution, SequenceNumber, StreamRef, StreamSettings};

/// Streams, shards and records without a client. No fault, rate or delay applies to any of these methods, and
/// no counter counts them.
///
/// # Errors
///
/// Each returns what AWS would answer: mostly that there is no such stream or shard.
impl LocalKinesis {
    /// Creates a stream, ACTIVE at once.
    pub fn create_stream(&self, name: &str, shards: usize) -> Result<(), Error> {
        let endpoint = self.endpoint();
        if shards == 0 {
            let rule = "have value greater than or equal to 1";
            return Err(Error::constraint(Some("0"), "shardCount", rule));
        }
        let settings = StreamSettings {
            shards,
            on_demand: false,
            distribution: Distribution::ByKey,
            max_record_kib: limits::DEFAULT_MAX_RECORD_KIB,
            retention_millis: endpoint.account.settings.retention,
        };
        endpoint.account.create(name, settings, endpoint.account.clock.now(), 0)
    }

    /// Deletes a stream and its consumers at once.
    pub fn delete_stream(&self, name: &str) -> Result<(), Error> {
        let account = &self.endpoint().account;
        account.delete(StreamRef { name: Some(name), arn: None }, true, account.clock.now(), 0)
    }

    /// Returns the names of all streams, in their order.
    pub fn stream_names(&self) -> Vec<String> {
        let endpoint = self.endpoint();
        let streams = endpoint.account.list(endpoint.account.clock.now());
        streams.iter().map(|stream| stream.name.clone()).collect()
    }

    /// Returns a stream's ARN.
    pub fn stream_arn(&self, name: &str) -> Result<String, Error> {
        Ok(self.find(name)?.stream.arn.clone())
    }

    /// Returns a stream's shards within retention, in the order of their ids.
    pub fn shards(&self, stream: &str) -> Result<Vec<ShardInfo>, Error> {
        let found = self.find(stream)?;
        let state = found.stream.state(found.now);
        Ok(state
            .topology
            .shards()
            .iter()
            .map(|shard| ShardInfo::new(shard, state.topology.is_open(shard)))
            .collect())
    }

    /// Returns every record that a stream stores: shard by shard in the order of their ids, each oldest
    /// first.
    pub fn records(&self, stream: &str) -> Result<Vec<StoredRecord>, Error> {
        let found = self.find(stream)?;
        let mut records = Vec::new();
        for shard in found.trimmed() {
            records.extend(shard.log().records().map(|record| StoredRecord::new(&shard, record)));
        }
        Ok(records)
    }

    /// Returns the records of one shard, oldest first.
    pub fn shard_records(&self, stream: &str, shard_id: &str) -> Result<Vec<StoredRecord>, Error> {
        let shard = self.find(stream)?.shard(shard_id)?;
        let records = shard.log().records().map(|record| StoredRecord::new(&shard, record)).collect();
        Ok(records)
    }

    /// Returns how many records a stream stores. Cheaper than counting [`records`](Self::records).
    pub fn record_count(&self, stream: &str) -> Result<usize, Error> {
        Ok(self.find(stream)?.trimmed().iter().map(|shard| shard.log().len()).sum())
    }

    /// Stores a record as PutRecord would, without size limits, and returns what was stored.
    pub fn put(
        &self,
        stream: &str,
        partition_key: &str,
        data: impl AsRef<[u8]>,
    ) -> Result<StoredRecord, Error> {
        self.find(stream)?.put(partition_key, data.as_ref(), None)
    }

    /// Stores a record in the shard that owns a hash key.
    pub fn put_at(
        &self,
        stream: &str,
        partition_key: &str,
        explicit_hash_key: u128,
        data: impl AsRef<[u8]>,
    ) -> Result<StoredRecord, Error> {
        self.find(stream)?.put(partition_key, data.as_ref(), Some(explicit_hash_key))
    }

    /// Splits a shard in the middle and returns the ids of its children.
    pub fn split_shard(&self, stream: &str, shard_id: &str) -> Result<[String; 2], Error> {
        let found = self.find(stream)?;
        let shard = found.shard(shard_id)?;
        let change = Change::Split { shard: shard.id, starting_hash_key: shard.range.middle() };
        let children = found.reshard(change, &[shard.id])?;
        <[String; 2]>::try_from(children)
            .map_err(|_| Error::invalid_argument(format!("Shard {shard_id} owns a single hash key.")))
    }

    /// Merges two adjacent shards and returns the id of their child.
    pub fn merge_shards(
        &self,
        stream: &str,
        shard_id: &str,
        adjacent_shard_id: &str,
    ) -> Result<String, Error> {
        let found = self.find(stream)?;
        let (shard, adjacent) = (found.shard(shard_id)?.id, found.shard(adjacent_shard_id)?.id);
        let children = found.reshard(Change::Merge { shard, adjacent }, &[shard, adjacent])?;
        let not_adjacent = || {
            Error::invalid_argument(format!("Shards {shard_id} and {adjacent_shard_id} are not adjacent."))
        };
        children.into_iter().next().ok_or_else(not_adjacent)
    }

    /// Splits and merges until a stream has so many shards of equal width. No limit of AWS's on the steps
    /// applies.
    pub fn update_shard_count(&self, stream: &str, shards: usize) -> Result<(), Error> {
        self.find(stream)?.reshard(Change::Scale { shards }, &[]).map(drop)
    }

    /// Sets how long a stream keeps records and closed shards.
    pub fn set_retention(&self, stream: &str, retention: Duration) -> Result<(), Error> {
        let found = self.find(stream)?;
        let millis = u64::try_from(retention.as_millis()).unwrap_or(u64::MAX);
        found.stream.state_mut(found.now).retention_millis = millis;
        Ok(())
    }

    /// Drops a shard's records up to a sequence number, that one included, as if their retention had passed.
    pub fn trim(&self, stream: &str, shard_id: &str, sequence_number: &str) -> Result<(), Error> {
        let shard = self.find(stream)?.shard(shard_id)?;
        let unknown =
            || Error::invalid_argument(format!("{sequence_number} is no sequence number of {shard_id}."));
        let sequence = SequenceNumber::parse(sequence_number)
            .filter(|sequence| sequence.shard == shard.id && sequence.opened == shard.opened)
            .ok_or_else(unknown)?;
        shard.log().trim_through(sequence.counter);
        Ok(())
    }

    /// Drops every record of a stream, as if its retention had passed.
    pub fn trim_all(&self, stream: &str) -> Result<(), Error> {
        let found = self.find(stream)?;
        for shard in found.stream.state(found.now).topology.shards() {
            shard.log().trim_through(u64::MAX);
        }
        Ok(())
    }

    pub(crate) fn find(&self, name: &str) -> Result<Found, Error> {
        let endpoint = self.endpoint();
        let now = endpoint.account.clock.now();
        let stream = endpoint.account.find(StreamRef { name: Some(name), arn: None }, now)?;
        Ok(Found { endpoint, stream, now })
    }
}
