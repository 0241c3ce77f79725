//! Amazon Kinesis Data Streams as a source and a sink of Headwater pipelines.
//!
//! ```
//! use futures::{StreamExt, TryStreamExt};
//! use headwater_kinesis::{KinesisSink, KinesisSource, codec};
//! # use headwater::source::Until;
//! # #[derive(serde::Deserialize)]
//! # struct Order { id: u64 }
//! # #[derive(serde::Serialize)]
//! # struct Invoice { order: u64 }
//! # impl From<Order> for Invoice {
//! #     fn from(order: Order) -> Self { Self { order: order.id } }
//! # }
//!
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let local = headwater_local::LocalKinesis::builder().stream("orders", 2).stream("invoices", 1).build();
//! # local.put("orders", "customer-7", r#"{"id":7}"#)?;
//! # let (reader, writer) = (local.client(), local.client());
//! let orders = KinesisSource::builder("orders")
//! #   .client(reader).until(Until::Tip)
//!     .connect().await?
//!     .decode(codec::json::<Order>());
//! let invoices = KinesisSink::builder("invoices")
//! #   .client(writer)
//!     .connect().await?
//!     .encode(codec::kpl_json());
//! let control = orders.control();
//!
//! orders.map_ok(|order| order.map(Invoice::from)).forward(invoices).await?;
//! control.finished().await?; // the last checkpoint is stored
//! # assert_eq!(local.records("invoices")?[0].data, r#"{"order":7}"#);
//! # Ok(())
//! # }
//! ```
//!
//! Credentials, region, profile and endpoint come from the AWS SDK's own chain (`AWS_ENDPOINT_URL_KINESIS` and
//! `AWS_ENDPOINT_URL` included), from the builders' methods, or with an SDK configuration handed in.

pub mod kpl;
pub mod limits;

mod api;
mod clock;
mod connection;
mod dispatcher;
mod error;
mod identity;
mod role;
mod settings;
mod sink;
mod source;
#[cfg(test)]
mod spy;
mod stream_ref;
mod wire;

pub use api::PutRecords;
pub use dispatcher::{Dispatcher, DispatcherBuilder, Unprocessed};
pub use sink::{KinesisSink, KinesisSinkBuilder, Limits};
pub use source::{Deaggregation, FanOut, KinesisSource, KinesisSourceBuilder};
pub use stream_ref::StreamRef;
pub use wire::Wire;

/// Codecs: those of [`headwater::codec`], and the KPL's.
pub mod codec {
    pub use headwater::codec::{
        Codec, Decode, DecodeExt, Deserializer, Encode, EncodeExt, Frame, Framed, Framing, Json, Lines, List,
        MessagePack, Netstrings, Part, Poison, PoisonCount, Raw, Serializer, Single, Split, Utf8, bytes,
        json, json_lines, json_list, msgpack, string,
    };

    #[cfg(any(feature = "gzip", feature = "lz4", feature = "zstd"))]
    pub use headwater::codec::Compression;

    pub use crate::kpl::{Kpl, kpl_json, kpl_string};
}
