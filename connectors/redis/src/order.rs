//! Positions as text that compares as they do.

use headwater::checkpoint::to_millis;
use headwater::{Error, ErrorKind, Position, Result};

/// The order of `End`, which the scripts know.
#[cfg(test)]
const END: &str = "4";

/// Returns digits that compare, as text, as the position compares: a script has no number that holds a sequence number.
///
/// They begin with the kind of position. Sequence numbers are led by their length, times and sub-sequences have leading
/// zeros, and a whole record comes after each of its parts.
///
/// # Errors
///
/// `Invalid` for a sequence number that is not made of at most 9,999 decimal digits.
pub(crate) fn order(position: &Position) -> Result<String> {
    Ok(match position {
        Position::Beginning => "0".to_owned(),
        // With its sign flipped, an integer compares as an unsigned one.
        Position::At(time) => format!("1{:020}", to_millis(*time).cast_unsigned() ^ (1 << 63)),
        Position::Latest => "2".to_owned(),
        Position::After { sequence, sub_sequence } => {
            let digits = sequence.as_str().trim_start_matches('0');
            if digits.len() > 9_999 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
                return Err(Error::new(
                    ErrorKind::Invalid,
                    format!("sequence number \"{sequence}\": it is not made of at most 9999 decimal digits"),
                ));
            }
            let length = digits.len();
            match sub_sequence {
                Some(sub) => format!("3{length:04}{digits}0{sub:020}"),
                None => format!("3{length:04}{digits}1"),
            }
        }
        Position::End => "4".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::*;

    #[test]
    fn orders_compare_as_their_positions_do() {
        let after =
            |sequence: &str, sub_sequence| Position::After { sequence: sequence.into(), sub_sequence };
        let long = "9".repeat(128);
        let mut positions = vec![Position::Beginning, Position::Latest, Position::End];
        for millis in [0, 1, 999, 1_753_000_000_000] {
            positions.push(Position::At(SystemTime::UNIX_EPOCH + Duration::from_millis(millis)));
            positions.push(Position::At(SystemTime::UNIX_EPOCH - Duration::from_millis(millis)));
        }
        for sequence in
            ["0", "000", "7", "0007", "9", "10", "18446744073709551616", &long, &format!("{long}0")]
        {
            for sub in [None, Some(0), Some(9), Some(10), Some(u64::from(u32::MAX)), Some(u64::MAX)] {
                positions.push(after(sequence, sub));
            }
        }
        for one in &positions {
            for other in &positions {
                let (first, second) = (order(one).unwrap(), order(other).unwrap());
                assert_eq!(first.cmp(&second), one.cmp(other), "{one} and {other}: {first} and {second}");
            }
        }
        assert_eq!(order(&Position::End).unwrap(), END);
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for odd in ["7a", "-7", "7.0", " 7"] {
            let position = Position::After { sequence: odd.into(), sub_sequence: None };
            assert_eq!(order(&position).unwrap_err().kind(), ErrorKind::Invalid, "{odd}");
        }
    }
}
