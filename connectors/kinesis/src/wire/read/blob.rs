//! Bytes of an answer, as they stand in it.

use base64_turbo::STANDARD;
use memchr::memchr;

use super::text::unescape;

/// Bytes as an answer has them, which are decoded once it is known that all of their record is there.
#[derive(Clone, Debug)]
pub(crate) enum Blob<'a> {
    /// As they are.
    Plain(&'a [u8]),
    /// In base64.
    Base64(&'a [u8]),
    /// In base64, as it stands between the quotes of JSON.
    Quoted(&'a [u8]),
    /// As they are, put together from parts.
    Joined(Vec<u8>),
    /// In base64, put together from parts.
    JoinedBase64(String),
}

impl Blob<'_> {
    /// Returns how many bytes it has at most.
    pub(crate) fn most(&self) -> usize {
        match self {
            Self::Plain(bytes) => bytes.len(),
            Self::Joined(bytes) => bytes.len(),
            Self::Base64(text) | Self::Quoted(text) => text.len().div_ceil(4) * 3,
            Self::JoinedBase64(text) => text.len().div_ceil(4) * 3,
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
            Self::Base64(text) | Self::Quoted(text) => text,
            Self::JoinedBase64(text) => text.as_bytes(),
        };
        STANDARD.decode_vec(text, to).is_ok() || self.decode_escaped(to)
    }

    /// As [`decode`](Self::decode), where the base64 has escapes. Nothing of it wants one, but `/` may have one, so that
    /// they are looked for in what could not be decoded without.
    #[cold]
    fn decode_escaped(&self, to: &mut Vec<u8>) -> bool {
        let Self::Quoted(text) = self else { return false };
        let escaped = memchr(b'\\', text).and_then(|_| str::from_utf8(text).ok());
        escaped.and_then(unescape).is_some_and(|text| STANDARD.decode_vec(text, to).is_ok())
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

    #[test]
    fn escapes_of_json_are_undone_in_json_alone() {
        let mut bytes = Vec::new();
        assert!(Blob::Quoted(br"\/\/\u0041B").decode(&mut bytes));
        assert_eq!(bytes, b"\xff\xf0\x01");
        for bad in [r"AQI\", r"AQI\q", r"\u004", r"AQI\u003d\", "AQ\\n=="] {
            assert!(!Blob::Quoted(bad.as_bytes()).decode(&mut bytes), "{bad}");
        }
        assert!(!Blob::Base64(br"\/\/\u0041B").decode(&mut bytes));
        assert_eq!(bytes, b"\xff\xf0\x01");
    }
}
