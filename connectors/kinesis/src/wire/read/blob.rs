//! Bytes of an answer, as they stand in it.

use base64_turbo::STANDARD;

/// Bytes as an answer has them, which are decoded once it is known that all of their record is there.
#[derive(Clone, Debug)]
pub(crate) enum Blob<'a> {
    /// As they are.
    Plain(&'a [u8]),
    /// In base64.
    Base64(&'a [u8]),
    /// As they are, put together from parts.
    Joined(Vec<u8>),
    /// In base64, put together from parts or with its escapes undone.
    Unescaped(String),
}

impl Blob<'_> {
    /// Returns how many bytes it has at most.
    pub(crate) fn most(&self) -> usize {
        match self {
            Self::Plain(bytes) => bytes.len(),
            Self::Joined(bytes) => bytes.len(),
            Self::Base64(text) => text.len() / 4 * 3,
            Self::Unescaped(text) => text.len() / 4 * 3,
        }
    }

    /// Adds its bytes to others, and tells whether they could be read. Where not, nothing is added.
    pub(crate) fn decode(&self, to: &mut Vec<u8>) -> bool {
        let text = match self {
            Self::Plain(bytes) => {
                to.extend_from_slice(bytes);
                return true;
            }
            Self::Joined(bytes) => {
                to.extend_from_slice(bytes);
                return true;
            }
            Self::Base64(text) => text,
            Self::Unescaped(text) => text.as_bytes(),
        };
        STANDARD.decode_vec(text, to).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_decoded_to_the_end_of_what_is_there_and_bad_base64_adds_nothing() {
        let mut bytes = b"kept".to_vec();
        assert!(Blob::Base64(b"AQID").decode(&mut bytes));
        assert!(Blob::Base64(b"").decode(&mut bytes));
        assert_eq!(bytes, b"kept\x01\x02\x03");
        for bad in ["AQI", "AQI*", "AQ==AQ==", "A Q=", "AQ=", "AR=="] {
            assert!(!Blob::Base64(bad.as_bytes()).decode(&mut bytes), "{bad}");
        }
        assert_eq!(bytes, b"kept\x01\x02\x03");
    }
}
