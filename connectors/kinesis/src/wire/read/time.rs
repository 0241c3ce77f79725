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
        from_millis(millis as u64)
    })
}

/// Returns the point in time that is told in seconds or in milliseconds: in CBOR Amazon writes the latter, and servers
/// that write what they would in JSON the former.
pub(super) fn from_either(number: f64) -> Option<SystemTime> {
    from_seconds(if number < LEAST_MILLIS { number } else { number / 1000.0 })
}

/// As [`from_either`], for a number that is whole.
pub(super) fn from_whole(number: u64) -> Option<SystemTime> {
    let millis = if number < LEAST_MILLIS as u64 { number * 1000 } else { number };
    (millis < LAST_SECOND as u64 * 1000).then(|| from_millis(millis))
}

/// Reads seconds as Kinesis writes them, of up to eleven digits and three behind the point, and returns how many bytes
/// they take. `None` for what is written otherwise, or not known to end: that is for a reader of any number, which takes
/// several times as long.
pub(super) fn plain(bytes: &[u8]) -> Option<(SystemTime, usize)> {
    let (seconds, mut length) = digits(bytes, 11);
    if length == 0 || (length > 1 && bytes[0] == b'0') {
        return None;
    }
    let mut millis = seconds * 1000;
    if bytes.get(length) == Some(&b'.') {
        let (fraction, digits) = digits(&bytes[length + 1..], 3);
        millis += fraction * [0, 100, 10, 1][digits];
        // A point without digits is followed by none of what is looked for below.
        length += usize::from(digits > 0) + digits;
    }
    matches!(bytes.get(length), Some(b',' | b'}')).then(|| (from_millis(millis), length))
}

/// Reads so many digits at most, and returns how many there are.
fn digits(bytes: &[u8], most: usize) -> (u64, usize) {
    let digits = bytes.iter().take(most).take_while(|byte| byte.is_ascii_digit());
    digits.fold((0, 0), |(number, count), &digit| (number * 10 + u64::from(digit - b'0'), count + 1))
}

fn from_millis(millis: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_millis(millis)
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
            assert_eq!(from_whole(at), time);
            let (whole, rest) = (at / 1000, at % 1000);
            let text = format!("{whole}.{rest:03},");
            assert_eq!(plain(text.as_bytes()), time.map(|time| (time, text.len() - 1)));
        }
    }

    #[test]
    fn what_no_clock_shows_is_no_time() {
        for number in [f64::NAN, f64::INFINITY, -1.0, 1e300, LAST_SECOND] {
            assert_eq!(from_seconds(number), None, "{number}");
        }
        assert_eq!(from_whole(LAST_SECOND as u64 * 1000), None);
        assert_eq!(from_whole(u64::MAX), None);
    }

    #[test]
    fn numbers_that_are_whole_are_the_times_that_they_are_as_floats() {
        for number in [0, 1, 1_700_000_000, 99_999_999_999, 100_000_000_000, 253_402_300_799_999] {
            assert_eq!(from_whole(number), from_either(number as f64), "{number}");
        }
    }

    #[test]
    fn seconds_that_are_plain_are_what_a_float_says() {
        for text in ["0", "7", "0.5", "12.25", "1700000000", "1700000000.1", "99999999999.999"] {
            for end in [",", "}"] {
                let seconds = from_seconds(text.parse().unwrap()).unwrap();
                assert_eq!(plain(format!("{text}{end}").as_bytes()), Some((seconds, text.len())), "{text}");
            }
        }
    }

    #[test]
    fn what_is_not_plain_is_left_to_a_reader_of_numbers() {
        for text in
            ["", "7", ",", "-7,", "07,", ".5,", "7.,", "7.1234,", "7e1,", "7.1e1,", "123456789012,", "7 ,"]
        {
            assert_eq!(plain(text.as_bytes()), None, "{text}");
        }
    }
}
