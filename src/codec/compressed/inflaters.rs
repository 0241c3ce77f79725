//! The decoders at rest.

use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;

use crate::BoxError;
use crate::codec::compressed::format::Format;
use crate::codec::compressed::pack::Unpack;

/// The decoders of a framing, each made when it is first needed and used again: making one costs more than inflating a
/// small record. There are as many as records were inflated at a time.
#[derive(Default)]
pub(super) struct Inflaters(Mutex<Vec<Inflater>>);

/// A decoder for each format.
#[derive(Default)]
struct Inflater([Option<Box<dyn Unpack>>; Format::ALL.len()]);

impl Inflaters {
    /// Inflates a record of a format.
    ///
    /// # Errors
    ///
    /// Why it cannot be inflated, naming the format.
    pub(super) fn inflate(&self, format: Format, record: &Bytes, limit: usize) -> Result<Bytes, BoxError> {
        let mut inflater = self.lock().pop().unwrap_or_default();
        let inflated = inflater.inflate(format, record, limit);
        self.lock().push(inflater);
        match inflated {
            Ok(bytes) => Ok(Bytes::from_owner(Inflated { bytes, _record: record.clone() })),
            Err(cause) => Err(format!("inflate {}: {cause}", format.name()).into()),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Inflater>> {
        // A move of memory cannot panic.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inflater {
    fn inflate(&mut self, format: Format, record: &Bytes, limit: usize) -> Result<Vec<u8>, BoxError> {
        let slot = &mut self.0[format as usize];
        let mut unpacker = match slot.take() {
            Some(unpacker) => unpacker,
            None => unpacker(format)?,
        };
        // One that failed goes: what state it is in, and what it holds, is not known.
        let mut inflated = unpacker.unpack(record, limit)?;
        inflated.shrink_to_fit();
        *slot = Some(unpacker);
        Ok(inflated)
    }
}

/// An inflated record. The source that it came from charges for the record as long as anything that was inflated from it
/// is held.
struct Inflated {
    bytes: Vec<u8>,
    _record: Bytes,
}

impl AsRef<[u8]> for Inflated {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

#[allow(clippy::unnecessary_wraps, reason = "it fails where a feature is left out")]
fn unpacker(format: Format) -> Result<Box<dyn Unpack>, BoxError> {
    match format {
        #[cfg(feature = "zstd")]
        Format::Zstd => Ok(super::zstd::Unpacker::create()),
        #[cfg(feature = "lz4")]
        Format::Lz4 => Ok(super::lz4::Unpacker::create()),
        #[cfg(feature = "gzip")]
        Format::Gzip => Ok(super::gzip::Unpacker::create()),
        #[cfg(not(all(feature = "zstd", feature = "lz4", feature = "gzip")))]
        format => Err(format!("headwater was built without its feature \"{}\"", format.name()).into()),
    }
}
