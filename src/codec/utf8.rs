//! Text as UTF-8.

use bytes::Bytes;

use crate::BoxError;
use crate::codec::{Deserializer, Serializer};

/// Text as UTF-8: writes anything that is a `str` inside, reads `String`.
///
/// Reading refuses bytes that are not UTF-8 and names the offset of the first; nothing is replaced in silence.
///
/// # Example
///
/// ```
/// use bytes::Bytes;
/// use headwater::codec::{Deserializer, Utf8};
///
/// assert_eq!(Utf8.deserialize(&Bytes::from_static(b"text"))?, "text");
/// let error = Utf8.deserialize(&Bytes::from_static(b"te\xff")).unwrap_err();
/// assert!(error.to_string().contains("index 2"), "{error}");
/// # Ok::<(), headwater::BoxError>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Utf8;

impl<T: AsRef<str> + ?Sized> Serializer<T> for Utf8 {
    fn name(&self) -> &'static str {
        "UTF-8"
    }

    fn serialize(&self, value: &T, out: &mut Vec<u8>) -> Result<(), BoxError> {
        out.extend_from_slice(value.as_ref().as_bytes());
        Ok(())
    }
}

impl Deserializer<String> for Utf8 {
    fn name(&self) -> &'static str {
        "UTF-8"
    }

    fn deserialize(&self, bytes: &Bytes) -> Result<String, BoxError> {
        Ok(str::from_utf8(bytes)?.to_owned())
    }
}
