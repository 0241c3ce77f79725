//! Reading no more than a limit.

#[cfg(any(feature = "gzip", feature = "lz4"))]
use std::io::Read;

use crate::BoxError;

/// How much room there is at first where nothing says how long the outcome is.
const LEAST: usize = 1024;

/// Appends all of `from` to `out`, whose capacity never passes `limit`.
///
/// # Errors
///
/// Those of `from`, and where it has more than the limit.
#[cfg(any(feature = "gzip", feature = "lz4"))]
pub(super) fn read_within(mut from: impl Read, out: &mut Vec<u8>, limit: usize) -> Result<(), BoxError> {
    loop {
        if out.len() == out.capacity() {
            if out.len() >= limit {
                return if from.read(&mut [0])? == 0 { Ok(()) } else { Err(too_long(limit)) };
            }
            let room = grown(out.capacity(), limit);
            out.reserve_exact(room - out.len());
        }
        let room = out.capacity() - out.len();
        if from.by_ref().take(room as u64).read_to_end(out)? < room {
            return Ok(());
        }
    }
}

/// Returns the next capacity to try.
pub(super) fn grown(capacity: usize, limit: usize) -> usize {
    capacity.saturating_mul(2).max(LEAST).min(limit)
}

pub(super) fn too_long(limit: usize) -> BoxError {
    format!("it has more than {limit} bytes: raise max_inflated if they are meant").into()
}
