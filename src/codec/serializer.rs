//! One message ↔ bytes.

use bytes::Bytes;

use crate::BoxError;

/// Turns a value into bytes.
///
/// # Example
///
/// ```
/// use headwater::BoxError;
/// use headwater::codec::Serializer;
///
/// /// Writes numbers as big-endian words.
/// struct Words;
///
/// impl Serializer<u32> for Words {
///     fn name(&self) -> &'static str {
///         "words"
///     }
///
///     fn serialize(&self, value: &u32, out: &mut Vec<u8>) -> Result<(), BoxError> {
///         out.extend_from_slice(&value.to_be_bytes());
///         Ok(())
///     }
/// }
///
/// let mut out = Vec::new();
/// Words.serialize(&7, &mut out)?;
/// assert_eq!(out, [0, 0, 0, 7]);
/// # Ok::<(), BoxError>(())
/// ```
pub trait Serializer<T: ?Sized>: Send + Sync + 'static {
    /// Returns the name of the format, for errors and logs. The type's own name unless overridden.
    fn name(&self) -> &'static str {
        std::any::type_name::<Self>()
    }

    /// Appends the bytes of `value` to `out`. On an error, what was appended is discarded by the caller.
    ///
    /// # Errors
    ///
    /// Whatever keeps the value from being written. That message alone fails.
    fn serialize(&self, value: &T, out: &mut Vec<u8>) -> Result<(), BoxError>;
}

/// Turns bytes into a value.
///
/// # Example
///
/// ```
/// use bytes::Bytes;
/// use headwater::BoxError;
/// use headwater::codec::Deserializer;
///
/// /// Reads numbers from big-endian words.
/// struct Words;
///
/// impl Deserializer<u32> for Words {
///     fn name(&self) -> &'static str {
///         "words"
///     }
///
///     fn deserialize(&self, bytes: &Bytes) -> Result<u32, BoxError> {
///         Ok(u32::from_be_bytes(bytes[..].try_into()?))
///     }
/// }
///
/// assert_eq!(Words.deserialize(&Bytes::from_static(&[0, 0, 0, 7]))?, 7);
/// assert!(Words.deserialize(&Bytes::from_static(&[0, 7])).is_err());
/// # Ok::<(), BoxError>(())
/// ```
pub trait Deserializer<T>: Send + Sync + 'static {
    /// Returns the name of the format, for errors and logs. The type's own name unless overridden.
    fn name(&self) -> &'static str {
        std::any::type_name::<Self>()
    }

    /// Reads a value from all of `bytes`.
    ///
    /// # Errors
    ///
    /// Whatever keeps the bytes from being read, bytes left over after the value included. The decode stage's
    /// poison policy settles what follows.
    fn deserialize(&self, bytes: &Bytes) -> Result<T, BoxError>;
}
