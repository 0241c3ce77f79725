//! Headwater.

pub mod kpl;

/// Codecs: those of [`headwater::codec`], and the KPL's.
pub mod codec {
    pub use headwater::codec::{
        Codec, Decode, DecodeExt, Deserializer, Encode, EncodeExt, Frame, Framed, Framing, Json, Lines, List,
        MessagePack, Netstrings, Part, Poison, PoisonCount, Raw, Serializer, Single, Split, Utf8, bytes,
        json, json_lines, json_list, msgpack, string,
    };

    pub use crate::kpl::{Kpl, kpl_json, kpl_string};
}
