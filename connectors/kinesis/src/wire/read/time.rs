//! Points in time, as numbers.

use std::time::{Duration, SystemTime};

/// The end of the year 9999, in seconds: no service counts further.
const LAST_SECOND: f64 = 253_402_300_800.0;
/// The least number that counts milliseconds where either is possible. As seconds it lies in the year 5138, as
/// milliseconds in 1973.
const LEAST_MILLIS: f64 = 1e11;

/// Returns the point in time that lies so many seconds after 1970, to the millisecond, as Kinesis counts.
pub(super) fn from_seconds(seconds: f64) -> Option<SystemTime> {
    // What is no number is in no range.
    (0.0..LAST_SECOND).contains(&seconds).then(|| {
        let millis = (seconds * 1000.0).round();
        SystemTime::UNIX_EPOCH + Duration::from_millis(millis as u64)
    })
}

/// Returns the point in time that is told in seconds or in milliseconds: in CBOR Amazon writes the latter, and servers
/// that write what they would in JSON the former.
pub(super) fn from_either(number: f64) -> Option<SystemTime> {
    from_seconds(if number < LEAST_MILLIS { number } else { number / 1000.0 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_millisecond_survives_being_told_in_seconds() {
        for after in 0..10_000_u64 {
            let at = 1_700_000_000_000 + after * 7;
            let time = Some(SystemTime::UNIX_EPOCH + Duration::from_millis(at));
            assert_eq!(from_seconds(at as f64 / 1000.0), time);
            assert_eq!(from_either(at as f64 / 1000.0), time);
            assert_eq!(from_either(at as f64), time);
        }
    }

    #[test]
    fn what_no_clock_shows_is_no_time() {
        for number in [f64::NAN, f64::INFINITY, -1.0, 1e300, LAST_SECOND] {
            assert_eq!(from_seconds(number), None, "{number}");
        }
    }
}
