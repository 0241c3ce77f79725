//! Numbers of things, as a flag says them.

use std::num::{NonZeroU64, NonZeroUsize};
use std::str::FromStr;

/// A number that zero is none of.
pub(crate) trait Count: FromStr {}

impl Count for NonZeroU64 {}
impl Count for NonZeroUsize {}

/// Reads a number from 1 on.
pub(crate) fn count<N: Count>(written: &str) -> Result<N, String> {
    written.parse().map_err(|_| "a number from 1 on is right".to_owned())
}

#[cfg(test)]
mod tests {
    use std::num::{NonZeroU64, NonZeroUsize};

    use super::count;

    #[test]
    fn a_wrong_number_is_told_what_is_right() {
        assert_eq!(count(&u64::MAX.to_string()), Ok(NonZeroU64::MAX));
        for wrong in ["", "0", "-1", "1.5", "many", "18446744073709551616"] {
            assert_eq!(
                count::<NonZeroUsize>(wrong),
                Err("a number from 1 on is right".to_owned()),
                "{wrong}"
            );
        }
    }
}
