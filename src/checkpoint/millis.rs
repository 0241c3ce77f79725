//! Times as milliseconds, the precision that Kinesis has.

use std::time::{Duration, SystemTime};

/// Returns the milliseconds since 1970, rounded down: how stores keep times.
///
/// # Example
///
/// ```
/// use std::time::{Duration, SystemTime};
///
/// use headwater::checkpoint::{from_millis, to_millis};
///
/// let time = SystemTime::UNIX_EPOCH + Duration::from_micros(1_999);
/// assert_eq!(to_millis(time), 1);
/// assert_eq!(from_millis(1), Some(SystemTime::UNIX_EPOCH + Duration::from_millis(1)));
/// ```
pub fn to_millis(time: SystemTime) -> i64 {
    match time.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(since) => i64::try_from(since.as_millis()).unwrap_or(i64::MAX),
        Err(before) => {
            let millis = before.duration().as_nanos().div_ceil(1_000_000);
            i64::try_from(millis).map_or(i64::MIN, |millis| -millis)
        }
    }
}

/// Returns the time at so many milliseconds since 1970, or `None` where this system has no such time.
///
/// # Example
///
/// See [`to_millis`].
pub fn from_millis(millis: i64) -> Option<SystemTime> {
    let distance = Duration::from_millis(millis.unsigned_abs());
    if millis < 0 {
        SystemTime::UNIX_EPOCH.checked_sub(distance)
    } else {
        SystemTime::UNIX_EPOCH.checked_add(distance)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn milliseconds_survive_on_both_sides_of_1970_and_finer_parts_are_rounded_down() {
        for millis in [0, 1, 999, 1_753_000_000_123, -1, -1_000, -1_001] {
            let time = from_millis(millis).unwrap();
            assert_eq!(to_millis(time), millis);
            assert_eq!(to_millis(time + Duration::from_nanos(999_999)), millis);
        }
    }
}
