//! Whole numbers that are written as others.

/// The least number above those of 64 bits, 2^63.
const ABOVE: f64 = 9_223_372_036_854_775_808.0;

/// Returns the whole number that a float is, if it is one of 64 bits.
pub(super) fn whole(number: f64) -> Option<i64> {
    (number.fract() == 0.0 && (-ABOVE..ABOVE).contains(&number)).then_some(number as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_float_is_a_whole_number_only_where_nothing_of_it_is_lost() {
        assert_eq!(whole(-3.0), Some(-3));
        assert_eq!(whole(-ABOVE), Some(i64::MIN));
        for number in [0.5, ABOVE, f64::NAN, f64::INFINITY, 1e300] {
            assert_eq!(whole(number), None, "{number}");
        }
    }
}
