//! Memory of a page that its payloads are slices of.

use std::fmt;
use std::ops::RangeBounds;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;

use crate::source::pages::budget::Charge;

/// Which part of what was written a chunk may waste. To give memory back costs as much as an allocation.
const WASTE: usize = 8;

/// Memory that payloads of a page are slices of, so that none of them costs an allocation of its own.
///
/// A connector writes payloads one after another into a buffer of about [`SIZE`](Self::SIZE), makes it a chunk once it
/// is full, cuts the payloads out of it, and hands the chunk over with the [`Page`](crate::source::Page). The byte
/// budget is charged with what the chunk takes until the last slice of it is dropped. So a payload that a user keeps
/// keeps its chunk, and room in the budget: who keeps a few out of many copies them.
///
/// # Example
///
/// ```
/// use headwater::source::Chunk;
///
/// let chunk = Chunk::new(b"firstsecond".to_vec());
/// let payloads = [chunk.slice(..5), chunk.slice(5..)];
/// drop(chunk);
/// assert_eq!(payloads[1], "second");
/// ```
pub struct Chunk {
    memory: Arc<Memory>,
    bytes: Bytes,
}

struct Memory {
    bytes: Vec<u8>,
    /// Set once the page has arrived, and given back with the memory.
    charge: OnceLock<Charge>,
}

/// What slices hold on to.
struct Holder(Arc<Memory>);

impl Chunk {
    /// How large a chunk should be: 96 KiB. A smaller one costs more allocations for each payload, a larger one is kept
    /// whole by a single slice. A record that is larger has a chunk of its own.
    pub const SIZE: usize = 96 << 10;

    /// Makes a chunk of what was written. Room for much more than that is given back.
    pub fn new(mut written: Vec<u8>) -> Self {
        if written.capacity() - written.len() > written.len() / WASTE {
            written.shrink_to_fit();
        }
        let memory = Arc::new(Memory { bytes: written, charge: OnceLock::new() });
        let bytes = Bytes::from_owner(Holder(Arc::clone(&memory)));
        Self { memory, bytes }
    }

    /// Returns a slice of it.
    ///
    /// # Panics
    ///
    /// Where the range is not within what was written.
    pub fn slice(&self, range: impl RangeBounds<usize>) -> Bytes {
        self.bytes.slice(range)
    }

    /// Returns the bytes that it takes in memory.
    pub(in crate::source) fn size(&self) -> usize {
        self.memory.bytes.capacity()
    }

    /// Keeps a charge until the last slice is dropped.
    pub(in crate::source) fn keep(self, charge: Charge) {
        // A chunk is in one page, which is charged once.
        let _ = self.memory.charge.set(charge);
    }
}

impl AsRef<[u8]> for Holder {
    fn as_ref(&self) -> &[u8] {
        &self.0.bytes
    }
}

impl fmt::Debug for Chunk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Chunk").field("len", &self.bytes.len()).finish_non_exhaustive()
    }
}
