//! Codecs: one message ↔ bytes (a serializer), several messages ↔ one record (a framing), and their pairs.
//!
//! | preset | a record is | a message is | a reader gets |
//! |---|---|---|---|
//! | [`bytes()`] | one message | bytes as they are | the record |
//! | [`string()`] | one message | UTF-8 text | a string per record |
//! | [`json()`] | one message | JSON | a value per record |
//! | [`json_lines()`] | a line per message, each ended by `\n` | JSON | a value per line that is not empty |
//! | [`json_list()`] | one JSON array | JSON | a value per element |
//! | [`msgpack()`] | a netstring per message (`5:bytes,`) | MessagePack | a value per netstring |
//!
//! Connectors add their own: `kpl_json` and `kpl_string` are in `headwater_kinesis::codec`. Any other pair is
//! [`Codec::new`], and both halves are traits that users implement: [`Serializer`] with [`Deserializer`], and
//! [`Framing`].
//!
//! ```text
//!   record ──► Framing::split ──► Deserializer ──► Message<T>        .decode(codec) on a stream
//!   Message<T> ──► Serializer ──► sink: Framing::open per key ──► record      .encode(codec) on a sink
//! ```
//!
//! A codec infers the type of its messages where the pipeline knows it:
//!
//! ```
//! use futures::{StreamExt, TryStreamExt, stream};
//! use headwater::codec::{self, DecodeExt, EncodeExt};
//! use headwater::{MemoryStream, Message};
//!
//! #[derive(serde::Deserialize)]
//! struct Order {
//!     id: u64,
//! }
//!
//! #[derive(serde::Serialize)]
//! struct Invoice {
//!     order: u64,
//! }
//! # impl From<Order> for Invoice {
//! #     fn from(order: Order) -> Self { Self { order: order.id } }
//! # }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> headwater::Result<()> {
//! let invoices = MemoryStream::new("invoices", 1);
//! let records = stream::iter([Ok(Message::keyed(r#"{"id":7}"#.into(), "customer-7"))]);
//!
//! records
//!     .decode(codec::json::<Order>())
//!     .map_ok(|order| order.map(Invoice::from))
//!     .forward(invoices.sink().encode(codec::json_lines()))
//!     .await?;
//! assert_eq!(invoices.records()[0].payload, "{\"order\":7}\n");
//! # Ok(())
//! # }
//! ```

mod buffer;
#[expect(
    clippy::module_inception,
    reason = "the folder is about codecs, the file about the pair that is one"
)]
mod codec;
#[cfg(any(feature = "gzip", feature = "lz4", feature = "zstd"))]
mod compressed;
mod decode;
mod encode;
mod framed;
mod framing;
mod json;
mod lines;
mod list;
mod message_pack;
mod netstrings;
mod outlet;
mod poison;
mod presets;
mod raw;
mod record;
mod scratch;
mod serializer;
mod single;
#[cfg(test)]
mod tests;
mod utf8;

pub use codec::Codec;
#[cfg(any(feature = "gzip", feature = "lz4", feature = "zstd"))]
pub use compressed::Compression;
pub use decode::{Decode, DecodeExt};
pub use encode::{Encode, EncodeExt};
pub use framed::Framed;
pub use framing::{Frame, Framing, Part, Split};
pub use json::Json;
pub use lines::Lines;
pub use list::List;
pub use message_pack::MessagePack;
pub use netstrings::Netstrings;
pub use poison::{Poison, PoisonCount};
pub use presets::{bytes, json, json_lines, json_list, msgpack, string};
pub use raw::Raw;
pub use serializer::{Deserializer, Serializer};
pub use single::Single;
pub use utf8::Utf8;
