//! Strings that clients hand back and must not look into: iterators and paging tokens.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Bytes of the checksum behind the content.
const CHECKSUM: usize = 8;

/// Writes a value as an opaque string.
pub(crate) fn seal<T: Serialize>(value: &T) -> String {
    let mut bytes = serde_json::to_vec(value).expect("tokens are plain structs");
    bytes.extend_from_slice(&checksum(&bytes));
    STANDARD.encode(bytes)
}

/// Reads what [`seal`] wrote. `None` is a string that it never wrote.
pub(crate) fn open<T: DeserializeOwned>(text: &str) -> Option<T> {
    let bytes = STANDARD.decode(text).ok()?;
    let (content, sum) = bytes.split_at_checked(bytes.len().checked_sub(CHECKSUM)?)?;
    (checksum(content) == sum).then(|| serde_json::from_slice(content).ok()).flatten()
}

/// FNV-1a: it finds strings that were cut or mixed up. It is no defence against forging, which a test kit
/// needs not.
fn checksum(bytes: &[u8]) -> [u8; CHECKSUM] {
    let mix = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, mix).to_be_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_token_does_not_open() {
        let sealed = seal(&(7, "orders"));
        assert_eq!(open::<(u32, String)>(&sealed), Some((7, "orders".to_owned())));
        for broken in ["", "AAAA", &sealed[4..], &sealed.replace('A', "B"), "not base64!"] {
            if broken != sealed {
                assert_eq!(open::<(u32, String)>(broken), None, "{broken}");
            }
        }
    }
}
