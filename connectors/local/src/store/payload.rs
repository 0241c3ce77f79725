//! The data of a record, kept as it came.

use std::fmt;
use std::sync::LazyLock;

use base64::engine::Engine;
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
use base64::engine::general_purpose::GeneralPurpose as Base64;
use base64::engine::general_purpose::PAD;
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
use base64::engine::simd::Simd as Base64;
use bytes::Bytes;

static BASE64: LazyLock<Base64> = LazyLock::new(|| {
    #[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
    return Base64::standard(PAD);
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    return Base64::new(&base64::alphabet::STANDARD, PAD);
});

/// Data as it came over the wire, because it mostly goes back in the same format: a record is read about as often as
/// it is written, and both sides then copy bytes instead of translating them.
#[derive(Clone)]
pub(crate) enum Payload {
    /// From JSON: valid, canonical base64, and how many bytes it stands for.
    Base64(Bytes, usize),
    /// From CBOR.
    Plain(Bytes),
}

impl Payload {
    /// Takes text where it is canonical base64, which it checks by decoding it, because vector instructions make that
    /// cheaper than any other check. `scratch` takes what is decoded.
    pub(crate) fn from_base64(text: Bytes, scratch: &mut Vec<u8>) -> Option<Self> {
        let bound = base64::decoded_len_estimate(text.len());
        if scratch.len() < bound {
            scratch.resize(bound, 0);
        }
        let len = BASE64.decode_slice(&text, scratch).ok()?;
        Some(Self::Base64(text, len))
    }

    pub(crate) fn from_data(data: &[u8]) -> Self {
        Self::Base64(BASE64.encode(data).into(), data.len())
    }

    pub(crate) fn decoded_len(&self) -> usize {
        match self {
            Self::Base64(_, len) => *len,
            Self::Plain(data) => data.len(),
        }
    }

    pub(crate) fn decode(&self) -> Bytes {
        match self {
            Self::Base64(text, _) => BASE64.decode(text).expect("stored base64 is valid").into(),
            Self::Plain(data) => data.clone(),
        }
    }

    /// What is stored of it.
    pub(super) fn stored(&self) -> &[u8] {
        let (Self::Base64(stored, _) | Self::Plain(stored)) = self;
        stored
    }

    /// Moves what is stored into another buffer, which holds the same.
    pub(super) fn move_to(&mut self, buffer: Bytes) {
        let (Self::Base64(stored, _) | Self::Plain(stored)) = self;
        *stored = buffer;
    }

    /// Appends the data in base64.
    pub(crate) fn write_base64(&self, body: &mut Vec<u8>) {
        match self {
            Self::Base64(text, _) => body.extend_from_slice(text),
            Self::Plain(data) => {
                let start = body.len();
                body.resize(start + self.base64_len(), 0);
                BASE64.encode_slice(data, &mut body[start..]).expect("it has the room of what it encodes");
            }
        }
    }

    /// Appends the data.
    pub(crate) fn write_data(&self, body: &mut Vec<u8>) {
        match self {
            Self::Base64(text, len) => {
                let start = body.len();
                // The estimate is what the decoder asks for, up to two bytes more than it writes.
                body.resize(start + base64::decoded_len_estimate(text.len()), 0);
                BASE64.decode_slice(text, &mut body[start..]).expect("stored base64 is valid");
                body.truncate(start + len);
            }
            Self::Plain(data) => body.extend_from_slice(data),
        }
    }

    /// The length of what [`write_base64`](Self::write_base64) appends.
    pub(crate) fn base64_len(&self) -> usize {
        self.decoded_len().div_ceil(3) * 4
    }
}

/// Shows the data, however it is kept.
impl fmt::Debug for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Payload").field(&self.decode()).finish()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn data_reads_the_same_whichever_way_it_came(data: Vec<u8>) {
            for payload in [Payload::from_data(&data), Payload::Plain(data.clone().into())] {
                let (mut base64, mut plain) = (b"{".to_vec(), b"{".to_vec());
                payload.write_base64(&mut base64);
                payload.write_data(&mut plain);
                prop_assert_eq!(base64.len(), 1 + payload.base64_len());
                prop_assert_eq!(&plain[1..], &data[..]);
                prop_assert_eq!(payload.decoded_len(), data.len());
                prop_assert_eq!(&payload.decode()[..], &data[..]);
                let again = Payload::from_base64(base64.split_off(1).into(), &mut Vec::new());
                prop_assert_eq!(&again.expect("what it writes is base64").decode()[..], &data[..]);
            }
        }
    }
}
