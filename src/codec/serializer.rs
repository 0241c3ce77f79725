//! One message ↔ bytes.

use bytes::Bytes;

use crate::BoxError;

/// Turns a value into bytes.
pub trait Serializer<T: ?Sized>: Send + Sync + 'static {
    /// Appends the bytes of `value` to `out`. On an error, what was appended is discarded by the caller.
    ///
    /// # Errors
    ///
    /// Whatever keeps the value from being written. That message alone fails.
    fn serialize(&self, value: &T, out: &mut Vec<u8>) -> Result<(), BoxError>;
}

/// Turns bytes into a value.
pub trait Deserializer<T>: Send + Sync + 'static {
    /// Reads a value from all of `bytes`.
    ///
    /// # Errors
    ///
    /// Whatever keeps the bytes from being read. The decode stage's poison policy settles what follows.
    fn deserialize(&self, bytes: &Bytes) -> Result<T, BoxError>;
}
