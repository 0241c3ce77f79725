//! The pairs of framing and serializer that are in common use.

use crate::codec::{Codec, Json, Lines, List, MessagePack, Netstrings, Raw, Single, Utf8};

/// Payloads as they are, one per record.
///
/// # Example
///
/// ```
/// use bytes::Bytes;
/// use headwater::codec::{self, Deserializer};
///
/// let payload = codec::bytes().serializer().deserialize(&Bytes::from_static(&[0xff, 0x00]))?;
/// assert_eq!(payload, [0xff, 0x00][..]);
/// # Ok::<(), headwater::BoxError>(())
/// ```
pub fn bytes() -> Codec<Raw> {
    Codec::new(Single, Raw)
}

/// UTF-8 text, one string per record.
///
/// # Example
///
/// ```
/// use headwater::codec::{self, Serializer};
///
/// let mut out = Vec::new();
/// codec::string().serializer().serialize("héllo", &mut out)?;
/// assert_eq!(out, "héllo".as_bytes());
/// # Ok::<(), headwater::BoxError>(())
/// ```
pub fn string() -> Codec<Utf8> {
    Codec::new(Single, Utf8)
}

/// JSON, one value per record. `json::<Vec<T>>()` reads a [`json_list`] record as one list.
///
/// # Example
///
/// ```
/// use headwater::codec::{self, Deserializer};
///
/// let list = codec::json::<Vec<u32>>().serializer().deserialize(&"[1, 2]".into())?;
/// assert_eq!(list, [1, 2]);
/// # Ok::<(), headwater::BoxError>(())
/// ```
pub fn json<T>() -> Codec<Json<T>> {
    Codec::new(Single, Json::new())
}

/// JSON, one value per line, any number of lines per record.
///
/// # Example
///
/// ```
/// use headwater::codec::{self, Framing};
///
/// let codec = codec::json_lines::<u32>();
/// let split = codec.framing().split(&"1\n2\n".into());
/// assert_eq!(split.parts[1].payload, "2");
/// ```
pub fn json_lines<T>() -> Codec<Json<T>> {
    Codec::new(Lines, Json::new())
}

/// JSON, one array per record; a reader gets its elements one by one. To read the list as one message, use
/// [`json::<Vec<T>>()`](json).
///
/// # Example
///
/// ```
/// use headwater::codec::{self, Framing};
///
/// let codec = codec::json_list::<u32>();
/// let split = codec.framing().split(&"[1, 2]".into());
/// assert_eq!(split.parts[1].payload, "2");
/// ```
pub fn json_list<T>() -> Codec<Json<T>> {
    Codec::new(List, Json::new())
}

/// MessagePack in netstrings, any number of values per record.
///
/// # Example
///
/// ```
/// use headwater::codec::{self, Framing};
///
/// let codec = codec::msgpack::<u32>();
/// let split = codec.framing().split(&"1:\x07,1:\x08,".into());
/// assert_eq!(split.parts[1].payload, "\x08");
/// ```
pub fn msgpack<T>() -> Codec<MessagePack<T>> {
    Codec::new(Netstrings, MessagePack::new())
}
