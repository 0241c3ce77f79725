//! A Kinesis endpoint inside your process or on loopback.
//!
//! [`LocalKinesis`] answers the Kinesis API from memory: for examples that run anywhere, for tests that need
//! a shard to throttle, an answer to get lost or an iterator to expire on demand, and for benchmarks in which
//! the server must cost next to nothing. AWS's SDK talks to it without a socket, other processes over TCP.
//!
//! ```
//! use headwater_local::{Faults, LocalKinesis};
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let local = LocalKinesis::builder().stream("orders", 4).build();
//! local.faults().set(Faults::seeded(42).fail_entries(0.2).lose_answers(0.02));
//!
//! let client = local.client();
//! let sent = client.put_record().stream_name("orders").partition_key("k").data(b"x"[..].into()).send().await;
//! # let _ = sent;
//! # Ok(()) }
//! ```
//!
//! It checks no signatures, keeps nothing on disk, and answers 20 operations: those on streams, shards, records and
//! the consumers of enhanced fan-out; encryption and tags are not among them. It speaks JSON and the CBOR of Amazon's
//! Java SDK.

mod builder;
mod cbor;
mod connector;
mod consumers;
mod counters;
mod direct;
mod endpoint;
mod error;
mod faults;
mod format;
mod found;
mod inspect;
mod json;
mod limits;
mod local;
mod opaque;
mod operation;
mod ops;
mod rates;
mod reset;
mod server;
mod settings;
mod store;
mod subscription;

pub use builder::LocalKinesisBuilder;
pub use counters::Counters;
pub use error::{Error, ErrorCode};
pub use faults::{Fault, FaultKind, FaultSwitch, Faults};
pub use inspect::{ConsumerInfo, ShardInfo, StoredRecord};
pub use local::LocalKinesis;
pub use operation::Operation;
pub use rates::{RateSwitch, ShardRates};
pub use server::Server;
