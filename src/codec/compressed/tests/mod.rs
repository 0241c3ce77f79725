//! What compressed records promise, by theme.

mod bounds;
mod damage;
mod golden;
mod properties;
mod reading;

use bytes::Bytes;

use crate::codec::{Codec, Compression, Framing, Lines, List, Netstrings, Raw, Single};
use crate::{Headers, Key};

/// The formats that the tests were built with.
fn formats() -> Vec<(&'static str, Compression)> {
    vec![
        #[cfg(feature = "zstd")]
        ("zstd", Compression::zstd()),
        #[cfg(feature = "lz4")]
        ("lz4", Compression::lz4()),
        #[cfg(feature = "gzip")]
        ("gzip", Compression::gzip()),
    ]
}

fn raw(framing: impl Framing) -> Codec<Raw> {
    Codec::new(framing, Raw)
}

/// Every framing of the crate.
fn framings() -> [Codec<Raw>; 4] {
    [raw(Single), raw(Lines), raw(List), raw(Netstrings)]
}

fn record_of(codec: &Codec<Raw>, payloads: &[impl AsRef<[u8]>]) -> Bytes {
    let mut frame = codec.framing().open();
    for payload in payloads {
        frame.push(&Key::from("a"), payload.as_ref(), &Headers::new());
    }
    frame.finish()
}

/// The messages of a record, or why it cannot be read.
fn read(codec: &Codec<Raw>, record: &Bytes) -> Result<Vec<Bytes>, String> {
    let split = codec.framing().split(record);
    match split.damaged {
        None => Ok(split.parts.into_iter().map(|part| part.payload).collect()),
        Some((rest, cause)) => {
            assert!(split.parts.is_empty() || rest != *record, "what was handed out is no part of the rest");
            Err(cause.to_string())
        }
    }
}

/// Bytes that nothing makes shorter.
fn noise(len: usize) -> Vec<u8> {
    let mut bytes = vec![0; len];
    fastrand::Rng::with_seed(7).fill(&mut bytes);
    bytes
}
