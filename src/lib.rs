//! Headwater is a stream-processing pipeline framework. A pipeline is plain [`futures`]: a source is a
//! [`Stream`](futures::Stream) of messages, a sink is a [`Sink`](futures::Sink) of messages, and everything between
//! is an ordinary combinator.
//!
//! ```
//! use futures::{StreamExt, TryStreamExt};
//! use headwater::codec::{self, DecodeExt, EncodeExt};
//! # use headwater::source::{SourceConfig, Until};
//! # use headwater::{MemoryStream, Message};
//! # #[derive(serde::Deserialize)]
//! # struct Order { id: u64 }
//! # #[derive(serde::Serialize)]
//! # struct Invoice { order: u64 }
//! # impl From<Order> for Invoice {
//! #     fn from(order: Order) -> Self { Self { order: order.id } }
//! # }
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> headwater::Result<()> {
//! # let (from, to) = (MemoryStream::new("orders", 2), MemoryStream::new("invoices", 2));
//! # from.put("customer-7", r#"{"id":7}"#);
//! # let mut config = SourceConfig::default();
//! # config.until = Until::Tip;
//! # let (source, sink) = (from.source_with(config).await?, to.sink());
//!
//! let orders = source.decode(codec::json::<Order>());
//! let invoices = sink.encode(codec::json_lines());
//! let control = orders.control();
//!
//! orders.map_ok(|order| order.map(Invoice::from)).forward(invoices).await?;
//! control.finished().await?; // the last checkpoint is stored
//! # assert_eq!(to.records()[0].payload, "{\"order\":7}\n");
//! # Ok(())
//! # }
//! ```
//!
//! That program is at-least-once from end to end: a checkpoint moves past a record only when the sink's service has
//! confirmed every message made from it.
//!
//! # The words
//!
//! - A [`Message`] is a payload with its [`Key`], its [`Headers`], its [`Origin`] and its debt, the [`Ack`]. Only an explicit ack moves
//!   a checkpoint; sinks ack what is confirmed, [`Message::filter`] what it rejects. A message that is dropped
//!   without one is *abandoned*, which ends its source with an error that names it.
//! - [`source`] merges the shards of a stream, each leased, parents before children.
//! - [`checkpoint`] turns acks into stored positions, and guards them with leases and fencing tokens.
//! - [`group`] holds the tools of who runs the workers: list, reset, export, import.
//! - [`codec`] turns messages into bytes and several messages into one record.
//! - [`batch`] is the sink: requests of many entries, order per key, retry, back-pressure.
//! - [`stage`] holds what goes between them: many keys at a time, each in order; no message twice.
//! - [`service`] holds the tower layers around a sink's requests.
//!
//! # The shapes of a pipeline
//!
//! ```
//! use std::time::Duration;
//!
//! use futures::stream::select;
//! use futures::{SinkExt, StreamExt, TryStreamExt};
//! use headwater::codec::{self, DecodeExt, EncodeExt};
//! use headwater::stage::KeyedExt;
//! # use headwater::source::{ShardedSource, SourceConfig, Until};
//! # use headwater::{MemoryStream, Message, Result};
//! # async fn source(stream: &MemoryStream) -> Result<ShardedSource> {
//! #     let mut config = SourceConfig::default();
//! #     config.until = Until::Tip;
//! #     stream.source_with(config).await
//! # }
//! # async fn enrich(message: Message<u64>) -> Result<Message<u64>> { Ok(message.map(|n| n + 1)) }
//! # async fn store(message: Message<u64>) -> Result<()> { Ok(message.ack()) }
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<()> {
//! # let (a, b) = (MemoryStream::new("a", 1), MemoryStream::new("b", 1));
//! # a.put("k", "1");
//! # b.put("k", "2");
//! # let to = MemoryStream::new("to", 1);
//!
//! // A raw relay.
//! source(&a).await?.forward(to.sink()).await?;
//!
//! // A stage that may fail.
//! let numbers = source(&a).await?.decode(codec::json::<u64>());
//! let checked = numbers.map(|n| n?.try_map(|n| n.checked_mul(2).ok_or("too large")));
//! checked.forward(to.sink().encode(codec::json())).await?;
//!
//! // A tee: the checkpoint waits for both.
//! source(&a).await?.forward(to.sink().fanout(b.sink())).await?;
//!
//! // A merge.
//! select(source(&a).await?, source(&b).await?).forward(to.sink()).await?;
//!
//! // Concurrent, in order. `try_buffer_unordered` where order does not matter: acks stay right.
//! let numbers = source(&a).await?.decode(codec::json::<u64>());
//! numbers.map_ok(enrich).try_buffered(8).forward(to.sink().encode(codec::json())).await?;
//!
//! // Many keys at a time, each in order, and no sink. `map_keyed` is the same on the way to one.
//! let numbers = source(&a).await?.decode(codec::json::<u64>());
//! numbers.for_each_keyed(8, store).await?;
//!
//! // Until a signal: what is on its way is still delivered.
//! let signal = Box::pin(tokio::time::sleep(Duration::from_millis(10)));
//! a.source().await?.take_until(signal).forward(to.sink()).await?;
//! # Ok(())
//! # }
//! ```

pub mod batch;
pub mod checkpoint;
pub mod codec;
pub mod group;
pub mod service;
pub mod source;
pub mod stage;

mod ack;
mod error;
mod headers;
mod key;
mod memory;
mod message;
mod origin;
mod per_stream;
mod places;
mod position;
mod rfc3339;
mod text;
mod undelivered;

pub use ack::{Ack, Acks};
pub use checkpoint::{FencingToken, WorkerId};
pub use error::{BoxError, Error, ErrorKind, Result};
pub use headers::Headers;
pub use key::{HashKey, Key};
pub use memory::{MemoryFaults, MemoryRecord, MemoryStream};
pub use message::Message;
pub use origin::{Origin, OriginShard};
pub use position::{Position, SequenceNumber, ShardId};
pub use source::{Control, Source};
pub use undelivered::{Delivery, Undelivered};
