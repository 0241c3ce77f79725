//! The memory that payloads are written to.

use bytes::{Bytes, BytesMut};

/// The memory that payloads are written to, one after the other.
pub(super) struct Scratch {
    /// What is being written, in memory that every payload uses again.
    pub(super) written: Vec<u8>,
    /// What is left of the memory that short payloads share.
    shared: BytesMut,
    /// The longest payload that shares its memory with others.
    short: usize,
}

/// The longest payload that shares its memory with others, in bytes.
const SHORT: usize = 256;

/// How much memory short payloads share, in bytes: what the last of them that somebody keeps keeps with it.
const SHARED: usize = 4096;

impl Scratch {
    pub(super) fn new() -> Self {
        Self { short: SHORT, ..Self::for_one() }
    }

    /// Makes one for a single payload, which has its own memory.
    pub(super) fn for_one() -> Self {
        Self { written: Vec::new(), shared: BytesMut::new(), short: 0 }
    }

    /// Takes out what was written. A long payload gets memory of its exact length; short ones share theirs, because to
    /// allocate and free memory for each costs more than all else that is done with it.
    pub(super) fn take(&mut self) -> Bytes {
        if self.written.len() > self.short {
            return Bytes::copy_from_slice(&self.written);
        }
        if self.shared.capacity() < self.written.len() {
            self.shared = BytesMut::with_capacity(SHARED);
        }
        self.shared.extend_from_slice(&self.written);
        self.shared.split().freeze()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn take(scratch: &mut Scratch, len: usize) -> Bytes {
        scratch.written.clear();
        scratch.written.resize(len, b'x');
        scratch.take()
    }

    #[test]
    fn short_payloads_share_memory_and_keep_no_more_than_that() {
        let mut scratch = Scratch::new();
        let payloads: Vec<_> = (0..100).map(|_| take(&mut scratch, 100)).collect();
        assert!(payloads.iter().all(|payload| payload.len() == 100));
        let is_near = |pair: &&[Bytes]| pair[1].as_ptr() as usize == pair[0].as_ptr() as usize + 100;
        assert_eq!(payloads.windows(2).filter(is_near).count(), 100 - 100usize.div_ceil(SHARED / 100));
        assert!(payloads.iter().all(|payload| !payload.is_unique()));
    }

    #[test]
    fn a_long_payload_has_its_own_memory() {
        let mut scratch = Scratch::new();
        let (short, long) = (take(&mut scratch, SHORT), take(&mut scratch, SHORT + 1));
        assert!(!short.is_unique());
        assert!(long.is_unique());
    }
}
