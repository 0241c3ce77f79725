//! Payloads as they are.

use bytes::Bytes;

use crate::BoxError;
use crate::codec::{Deserializer, Serializer};

/// Payloads as they are: writes anything that is bytes inside, reads `Bytes`, which share the record's memory.
///
/// # Example
///
/// ```
/// use bytes::Bytes;
/// use headwater::codec::{Deserializer, Raw};
///
/// let record = Bytes::from_static(&[0xff, 0x00]);
/// assert_eq!(Raw.deserialize(&record)?, record);
/// # Ok::<(), headwater::BoxError>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Raw;

impl<T: AsRef<[u8]> + ?Sized> Serializer<T> for Raw {
    fn name(&self) -> &'static str {
        "bytes"
    }

    fn serialize(&self, value: &T, out: &mut Vec<u8>) -> Result<(), BoxError> {
        out.extend_from_slice(value.as_ref());
        Ok(())
    }
}

impl Deserializer<Bytes> for Raw {
    fn name(&self) -> &'static str {
        "bytes"
    }

    fn deserialize(&self, bytes: &Bytes) -> Result<Bytes, BoxError> {
        Ok(bytes.clone())
    }
}
