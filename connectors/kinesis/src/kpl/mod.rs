//! KPL aggregates: many user records, each with its own key, in one Kinesis record.
//!
//! ```text
//!   F3 89 9A C2 │ protobuf: key tables, user records │ MD5 of the protobuf
//! ```
//!
//! The source takes aggregates apart by itself, and a sink makes them where its codec says so:
//! [`kpl_json`], [`kpl_string`], or [`Kpl`] with any serializer. [`deaggregate`] is for records that come another way,
//! as in an event of a Lambda function.
//!
//! Source: [KPL aggregation format](https://github.com/awslabs/amazon-kinesis-producer/blob/master/aggregation-format.md).

mod aggregate;
mod deaggregate;
mod digests;
mod framing;
#[cfg(test)]
mod golden;
mod hash;
mod presets;
#[cfg(test)]
mod properties;
mod proto;
mod table;

pub(crate) use deaggregate::is_aggregate;
pub use deaggregate::{Contents, UserRecord, deaggregate};
pub use framing::Kpl;
pub use hash::{hash_key, partition_hash_key};
pub use presets::{kpl_json, kpl_string};

/// The partition key of a Kinesis record that holds two or more user records, unless another is chosen. It routes
/// nothing, because such a record always has an explicit hash key.
pub const AGGREGATE_PARTITION_KEY: &str = "a";

/// The longest aggregate that is made unless another limit is chosen, in bytes: the KPL's own default. A longer user
/// record travels alone, as it is.
pub const DEFAULT_MAX_AGGREGATE: usize = 51_200;

/// What an aggregate starts with.
const MAGIC: [u8; 4] = [0xf3, 0x89, 0x9a, 0xc2];

/// The length of the MD5 that an aggregate ends with.
const DIGEST_LEN: usize = 16;
