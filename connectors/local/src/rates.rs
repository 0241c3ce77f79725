//! Shard limits: how much a shard takes and gives in a second.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use crate::limits;
use crate::store::ShardId;

/// How much one shard takes and gives in a second. `None` is no limit; all are `None` by default.
///
/// Each limit is a token bucket that holds one second's worth. A record or page larger than that passes when
/// the bucket is full and leaves a debt: after a 10 MiB page a shard refuses GetRecords for about five
/// seconds.
///
/// ```
/// use headwater_local::{LocalKinesis, ShardRates};
///
/// let local = LocalKinesis::builder().rates(ShardRates::aws()).build();
/// local.rates().set(ShardRates { write_records_per_second: Some(10), ..ShardRates::aws() });
/// local.rates().clear();
/// assert_eq!(local.rates().get(), ShardRates::UNLIMITED);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ShardRates {
    /// Records written.
    pub write_records_per_second: Option<u32>,
    /// Bytes written, partition keys included.
    pub write_bytes_per_second: Option<u32>,
    /// GetRecords calls.
    pub read_calls_per_second: Option<u32>,
    /// Bytes read, partition keys included.
    pub read_bytes_per_second: Option<u32>,
    /// SubscribeToShard calls, for each consumer apart.
    pub subscribe_calls_per_second: Option<u32>,
    /// Bytes pushed, partition keys included, to each consumer apart.
    pub push_bytes_per_second: Option<u32>,
}

impl ShardRates {
    /// No limits.
    pub const UNLIMITED: Self = Self {
        write_records_per_second: None,
        write_bytes_per_second: None,
        read_calls_per_second: None,
        read_bytes_per_second: None,
        subscribe_calls_per_second: None,
        push_bytes_per_second: None,
    };

    /// Returns what AWS gives a shard: 1,000 records and 1 MiB written, 5 calls and 2 MiB read a second,
    /// and for each consumer one SubscribeToShard call and 2 MiB pushed.
    /// <https://docs.aws.amazon.com/streams/latest/dev/service-sizes-and-limits.html>
    pub fn aws() -> Self {
        Self {
            write_records_per_second: Some(limits::SHARD_WRITE_RECORDS_PER_SECOND),
            write_bytes_per_second: Some(limits::SHARD_WRITE_BYTES_PER_SECOND),
            read_calls_per_second: Some(limits::SHARD_READ_CALLS_PER_SECOND),
            read_bytes_per_second: Some(limits::SHARD_READ_BYTES_PER_SECOND),
            subscribe_calls_per_second: Some(limits::SUBSCRIBE_CALLS_PER_SECOND),
            push_bytes_per_second: Some(limits::SUBSCRIPTION_BYTES_PER_SECOND),
        }
    }
}

/// Switches the limits of shards while the endpoint runs. Clones switch the same endpoint.
///
/// Made by [`LocalKinesis::rates`](crate::LocalKinesis::rates).
#[derive(Clone, Debug, Default)]
pub struct RateSwitch(Arc<RwLock<Rates>>);

#[derive(Debug, Default)]
struct Rates {
    every: ShardRates,
    own: HashMap<(String, ShardId), ShardRates>,
}

impl RateSwitch {
    /// Limits every shard that has no limits of its own.
    pub fn set(&self, rates: ShardRates) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).every = rates;
    }

    /// Limits one shard, whatever the others get. A `shard_id` that is none changes nothing.
    pub fn set_shard(&self, stream: &str, shard_id: &str, rates: ShardRates) {
        if let Some(shard) = ShardId::parse(shard_id) {
            let mut all = self.0.write().unwrap_or_else(PoisonError::into_inner);
            all.own.insert((stream.to_owned(), shard), rates);
        }
    }

    /// Lifts every limit, those of single shards too.
    pub fn clear(&self) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Rates::default();
    }

    /// Returns the limits of the shards that have none of their own.
    pub fn get(&self) -> ShardRates {
        self.0.read().unwrap_or_else(PoisonError::into_inner).every
    }

    pub(crate) fn of(&self, stream: &str, shard: ShardId) -> ShardRates {
        let all = self.0.read().unwrap_or_else(PoisonError::into_inner);
        // Almost always empty, and then no key need be made.
        if all.own.is_empty() {
            return all.every;
        }
        all.own.get(&(stream.to_owned(), shard)).copied().unwrap_or(all.every)
    }
}
