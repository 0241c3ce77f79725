//! Headwater is a stream-processing pipeline framework. A pipeline is plain [`futures`]: a source is a
//! [`Stream`](futures::Stream) of messages, a sink is a [`Sink`](futures::Sink) of messages, and everything between
//! is an ordinary combinator.

pub mod batch;
pub mod checkpoint;
pub mod codec;
pub mod service;
pub mod source;

mod ack;
mod error;
mod key;
mod memory;
mod message;
mod origin;
mod position;
mod undelivered;

pub use ack::{Ack, Acks};
pub use checkpoint::{FencingToken, WorkerId};
pub use error::{BoxError, Error, ErrorKind, Result};
pub use key::{HashKey, Key};
pub use memory::{MemoryFaults, MemoryRecord, MemoryStream};
pub use message::Message;
pub use origin::{Origin, OriginShard};
pub use position::{Position, SequenceNumber, ShardId};
pub use source::{Control, Source};
pub use undelivered::{Delivery, Undelivered};
