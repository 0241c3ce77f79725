//! Values as JSON.

use std::fmt;
use std::marker::PhantomData;

use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::BoxError;
use crate::codec::{Deserializer, Serializer};

/// Values as JSON: writes it compact, reads it with any white space.
///
/// Limits: nesting deeper than 128 is refused, as are bytes after the value. Errors name line and column.
///
/// # Example
///
/// ```
/// use headwater::codec::{Deserializer, Json, Serializer};
///
/// let json = Json::<Vec<u32>>::new();
/// let mut out = Vec::new();
/// json.serialize(&vec![1, 2], &mut out)?;
/// assert_eq!(out, b"[1,2]");
/// assert_eq!(json.deserialize(&"[1, 2]".into())?, [1, 2]);
/// # Ok::<(), headwater::BoxError>(())
/// ```
pub struct Json<T> {
    value: PhantomData<fn(T) -> T>,
}

impl<T> Json<T> {
    /// Creates the serializer.
    pub const fn new() -> Self {
        Self { value: PhantomData }
    }
}

impl<T: Serialize + 'static> Serializer<T> for Json<T> {
    fn name(&self) -> &'static str {
        "JSON"
    }

    fn serialize(&self, value: &T, out: &mut Vec<u8>) -> Result<(), BoxError> {
        Ok(serde_json::to_writer(out, value)?)
    }
}

impl<T: DeserializeOwned + 'static> Deserializer<T> for Json<T> {
    fn name(&self) -> &'static str {
        "JSON"
    }

    fn deserialize(&self, bytes: &Bytes) -> Result<T, BoxError> {
        Ok(serde_json::from_slice(bytes)?)
    }
}

impl<T> Clone for Json<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Json<T> {}

impl<T> Default for Json<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> fmt::Debug for Json<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Json")
    }
}
