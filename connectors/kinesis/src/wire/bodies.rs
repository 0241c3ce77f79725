//! The memory of request bodies.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;

/// How many bytes of unused memory are kept.
const KEPT: usize = 16 << 20;
/// What the size of a buffer is a multiple of, so that the next body, which is of about the same length, fits it.
const GRAIN: usize = 64 << 10;

/// Buffers for bodies, used again. The allocator would give memory of their size back to the system each time, and take
/// it anew page by page, which costs as much as filling it.
#[derive(Clone, Default)]
pub(crate) struct Bodies(Arc<Mutex<Vec<Vec<u8>>>>);

impl Bodies {
    /// Has a body written, of at most so many bytes or not many more. Its memory comes back when its last clone is
    /// dropped.
    pub(crate) fn write(&self, most: usize, write: impl FnOnce(&mut Vec<u8>)) -> Bytes {
        let mut buffer = self.take(most);
        write(&mut buffer);
        Bytes::from_owner(Body { buffer, bodies: self.clone() })
    }

    fn take(&self, most: usize) -> Vec<u8> {
        let mut unused = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match unused.iter().position(|buffer| buffer.capacity() >= most) {
            Some(nth) => unused.swap_remove(nth),
            None => Vec::with_capacity(most.next_multiple_of(GRAIN)),
        }
    }

    fn keep(&self, mut buffer: Vec<u8>) {
        buffer.clear();
        let mut unused = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        unused.push(buffer);
        // Those that were too small for a long time lie in front.
        while unused.iter().map(Vec::capacity).sum::<usize>() > KEPT {
            unused.remove(0);
        }
    }
}

impl fmt::Debug for Bodies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bodies").finish_non_exhaustive()
    }
}

struct Body {
    buffer: Vec<u8>,
    bodies: Bodies,
}

impl AsRef<[u8]> for Body {
    fn as_ref(&self) -> &[u8] {
        &self.buffer
    }
}

impl Drop for Body {
    fn drop(&mut self) {
        self.bodies.keep(std::mem::take(&mut self.buffer));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(bodies: &Bodies) -> Vec<usize> {
        bodies.0.lock().unwrap().iter().map(Vec::capacity).collect()
    }

    #[test]
    fn the_memory_of_a_body_is_used_again_once_nobody_holds_it() {
        let bodies = Bodies::default();
        let first = bodies.write(100, |body| body.extend_from_slice(b"first"));
        let place = first.as_ptr();
        let clone = first.clone();
        drop(first);
        assert_ne!(bodies.write(10, |_| {}).as_ptr(), place);
        assert_eq!(clone, "first");
        drop(clone);
        let again =
            bodies.0.lock().unwrap().iter().any(|buffer| buffer.as_ptr() == place && buffer.is_empty());
        assert!(again);
    }

    #[test]
    fn unused_memory_has_a_bound() {
        let bodies = Bodies::default();
        let held: Vec<_> = (1..=40).map(|size| bodies.write(size << 20, |_| {})).collect();
        drop(held);
        let kept = kept(&bodies);
        assert!(kept.iter().sum::<usize>() <= KEPT, "{kept:?}");
        let held: Vec<_> = (0..40).map(|_| bodies.write(1 << 20, |_| {})).collect();
        drop(held);
        assert_eq!(super::tests::kept(&bodies).len(), 16);
    }
}
