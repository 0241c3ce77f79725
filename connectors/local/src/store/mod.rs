//! What is stored: an account's streams, their shards, the records of each, and the clock they share.
//!
//! Locks nest in one order: account, then stream, then shard. None is held across an await.

mod account;
mod bucket;
mod clock;
mod consumer;
mod distribution;
mod hash_key;
mod iterator;
mod payload;
mod phase;
mod record;
mod reshard;
mod sequence;
mod shard;
mod shard_log;
mod signal;
mod stream;
mod topology;

pub(crate) use account::{Account, StreamRef};
pub(crate) use bucket::Bucket;
pub(crate) use clock::{Clock, Timestamp};
pub(crate) use consumer::{Consumer, Consumers, Refusal};
pub(crate) use distribution::Distribution;
pub(crate) use hash_key::{HashKeyRange, even_ranges, hash_of, parse_explicit_hash_key};
pub(crate) use iterator::IteratorToken;
pub(crate) use payload::Payload;
pub(crate) use phase::{Change, Phase};
pub(crate) use record::{Record, Text};
pub(crate) use sequence::SequenceNumber;
pub(crate) use shard::{Shard, ShardId};
pub(crate) use shard_log::{Append, Page};
pub(crate) use signal::{End, Signal, Signals};
pub(crate) use stream::{Stream, StreamSettings, StreamState};
pub(crate) use topology::Topology;
