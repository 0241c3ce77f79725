//! What tells writes of two owners of one lease apart.

use std::fmt;

/// Grows with every claim of a shard and stays the same while the lease is held, so that whoever gets writes from
/// two workers can refuse the older one. Starts at 1.
///
/// Source: M. Kleppmann, [How to do distributed locking](https://martin.kleppmann.com/2016/02/08/how-to-do-distributed-locking.html).
///
/// # Example
///
/// What a write goes through, with the token of its message's [`Origin`](crate::Origin):
///
/// ```
/// use headwater::FencingToken;
///
/// let mut highest = FencingToken::default();
/// let mut accepts = |token: FencingToken| {
///     highest = highest.max(token);
///     token == highest
/// };
/// assert!(accepts(FencingToken(1)));
/// assert!(accepts(FencingToken(2)));
/// assert!(!accepts(FencingToken(1)), "its worker lost the lease");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FencingToken(pub u64);

impl fmt::Display for FencingToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
