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
    /// Returns how many bytes it has at most: what room it takes to decode it. One with escapes may be of any length.
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
    use base64::Engine;
    use base64::engine::general_purpose;

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
    fn bytes_take_no_more_room_than_was_foretold_though_some_are_escaped() {
        for text in ["AQID", "AQ==", r"\/\/AB", r"AAA\/", r"AA\u003d=", r"\/\/\/\/AAAA"] {
            let blob = Blob::Quoted(text.as_bytes());
            let mut bytes = Vec::with_capacity(blob.most());
            assert!(blob.decode(&mut bytes), "{text}");
            assert_eq!(bytes.capacity(), blob.most(), "{text}");
        }
    }

    #[test]
    fn base64_of_any_length_is_read_or_refused_as_by_another_reader() {
        let mut random = fastrand::Rng::with_seed(7);
        let mut accepted = 0;
        for length in (0..400).chain([1000, 4096, 70_000]) {
            let bytes: Vec<u8> = std::iter::repeat_with(|| random.u8(..)).take(length).collect();
            let text = STANDARD.encode(&bytes).into_bytes();
            let mut read = b"kept".to_vec();
            assert!(Blob::Base64(&text).decode(&mut read));
            assert_eq!(&read[4..], bytes, "{length}");
            for _ in 0..if length < 400 { 40 } else { 5 } {
                let mut damaged = text.clone();
                for _ in 0..random.usize(1..3) {
                    if damaged.is_empty() {
                        break;
                    }
                    let place = if random.bool() {
                        random.usize(0..damaged.len())
                    } else {
                        damaged.len() - random.usize(1..=damaged.len().min(5))
                    };
                    match random.u8(0..6) {
                        0 => drop(damaged.remove(place)),
                        1 => damaged.insert(place, *random.choice(b"=A \n\r").unwrap()),
                        2 => damaged.truncate(place),
                        3 => damaged[place] = random.u8(..),
                        _ => damaged[place] = *random.choice(b"=Ag/+-_ \t\n\r.,~\x00\x80\xff").unwrap(),
                    }
                }
                let wanted = general_purpose::STANDARD.decode(&damaged).ok();
                let mut read = b"kept".to_vec();
                assert_eq!(
                    Blob::Base64(&damaged).decode(&mut read),
                    wanted.is_some(),
                    "{:?}",
                    String::from_utf8_lossy(&damaged)
                );
                accepted += usize::from(wanted.is_some());
                assert_eq!(&read[4..], wanted.unwrap_or_default());
            }
        }
        assert!(accepted > 100, "{accepted}");
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
