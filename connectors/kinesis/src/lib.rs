//! Amazon Kinesis Data Streams as a source and a sink of Headwater pipelines.
//!
//! Credentials, region, profile and endpoint come from the AWS SDK's own chain (`AWS_ENDPOINT_URL_KINESIS` and
//! `AWS_ENDPOINT_URL` included), from the builders' methods, or with an SDK configuration handed in.

pub mod kpl;
pub mod limits;

mod api;
mod connection;
mod error;
mod sink;
mod source;
mod stream_ref;

pub use api::PutRecords;
pub use sink::{KinesisSink, KinesisSinkBuilder, Limits};
pub use source::{KinesisSource, KinesisSourceBuilder};
pub use stream_ref::StreamRef;

/// Codecs: those of [`headwater::codec`], and the KPL's.
pub mod codec {
    pub use headwater::codec::{
        Codec, Decode, DecodeExt, Deserializer, Encode, EncodeExt, Frame, Framed, Framing, Json, Lines, List,
        MessagePack, Netstrings, Part, Poison, PoisonCount, Raw, Serializer, Single, Split, Utf8, bytes,
        json, json_lines, json_list, msgpack, string,
    };

    pub use crate::kpl::{Kpl, kpl_json, kpl_string};
}
