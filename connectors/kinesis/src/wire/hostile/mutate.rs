//! What happens to bytes on their way.

use fastrand::Rng;

/// Damages bytes at a few places.
pub(super) fn mutate(bytes: &mut Vec<u8>, rng: &mut Rng) {
    for _ in 0..rng.usize(1..4) {
        if bytes.is_empty() {
            return;
        }
        let at = rng.usize(..bytes.len());
        let end = (at + rng.usize(1..30)).min(bytes.len());
        match rng.u8(..8) {
            0 => bytes.truncate(at),
            1 => bytes[at] ^= 1 << rng.u8(..8),
            2 => bytes[at] = rng.u8(..),
            3 => drop(bytes.drain(at..end)),
            4 => {
                let again = bytes[at..end].to_vec();
                bytes.splice(at..at, again);
            }
            5 => bytes.insert(at, b"\"\\,:{}[]0u/ \xff\x00="[rng.usize(..15)]),
            6 => {
                let to = rng.usize(..bytes.len());
                bytes.swap(at, to);
            }
            _ => {
                let huge =
                    [&b"9e999"[..], b"1e999", b"\\ud800", b"null", b"\xfb\x7f\xf0\0\0\0\0\0\0", b"\x9f\xbf"];
                let huge = huge[rng.usize(..huge.len())].iter().copied();
                bytes.splice(at..at, huge);
            }
        }
    }
}
