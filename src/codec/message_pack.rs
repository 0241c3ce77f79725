//! Values as MessagePack.

use std::fmt;
use std::marker::PhantomData;

use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::BoxError;
use crate::codec::{Deserializer, Serializer};

/// The deepest nesting that is read: as in JSON. Each level takes stack, so hostile bytes must not choose it.
const MAX_DEPTH: usize = 128;

/// Values as MessagePack: structs as maps with their field names, so that Python's `msgpack` reads a `dict`; byte
/// strings as the bin type.
///
/// Serde writes a `Vec<u8>` as an array of numbers unless the field is marked as bytes (as with the `serde_bytes`
/// crate); reading takes either form. Nesting deeper than 128 is refused, as are bytes after the value.
///
/// Source: [MessagePack specification](https://github.com/msgpack/msgpack/blob/master/spec.md).
///
/// # Example
///
/// ```
/// use headwater::codec::{MessagePack, Serializer};
///
/// #[derive(serde::Serialize)]
/// struct Item {
///     test: u32,
/// }
///
/// let mut out = Vec::new();
/// MessagePack::new().serialize(&Item { test: 123 }, &mut out)?;
/// assert_eq!(out, b"\x81\xa4test\x7b");
/// # Ok::<(), headwater::BoxError>(())
/// ```
pub struct MessagePack<T> {
    value: PhantomData<fn(T) -> T>,
}

impl<T> MessagePack<T> {
    /// Creates the serializer.
    pub const fn new() -> Self {
        Self { value: PhantomData }
    }
}

impl<T: Serialize + 'static> Serializer<T> for MessagePack<T> {
    fn name(&self) -> &'static str {
        "MessagePack"
    }

    fn serialize(&self, value: &T, out: &mut Vec<u8>) -> Result<(), BoxError> {
        Ok(rmp_serde::encode::write_named(out, value)?)
    }
}

impl<T: DeserializeOwned + 'static> Deserializer<T> for MessagePack<T> {
    fn name(&self) -> &'static str {
        "MessagePack"
    }

    fn deserialize(&self, bytes: &Bytes) -> Result<T, BoxError> {
        let mut deserializer = rmp_serde::Deserializer::new(&bytes[..]);
        deserializer.set_max_depth(MAX_DEPTH);
        let value = T::deserialize(&mut deserializer)?;
        match deserializer.get_ref().len() {
            0 => Ok(value),
            left => Err(format!("{left} bytes after the value").into()),
        }
    }
}

impl<T> Clone for MessagePack<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for MessagePack<T> {}

impl<T> Default for MessagePack<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> fmt::Debug for MessagePack<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MessagePack")
    }
}
