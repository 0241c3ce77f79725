//! The first bytes of every value of CBOR.

use super::{Read, Stop};

/// The kind of a value, by its three first bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Major {
    Unsigned,
    Negative,
    Bytes,
    Text,
    List,
    Map,
    Tag,
    Simple,
}

/// The kind of a value and its number: how long it is, what it is, or its bits.
#[derive(Clone, Copy, Debug)]
pub(super) struct Head {
    pub(super) major: Major,
    /// `None` for what goes on until it says that it ends.
    pub(super) number: Option<u64>,
    /// How many bytes the number took.
    pub(super) width: usize,
}

impl Head {
    /// Reads a head, and returns the place after it.
    #[inline]
    pub(super) fn read(bytes: &[u8], at: usize) -> Read<(Self, usize)> {
        let &first = bytes.get(at).ok_or(Stop::Short)?;
        let major = [
            Major::Unsigned,
            Major::Negative,
            Major::Bytes,
            Major::Text,
            Major::List,
            Major::Map,
            Major::Tag,
            Major::Simple,
        ][usize::from(first >> 5)];
        let width = match first & 31 {
            number @ 0..24 => return Ok((Self { major, number: Some(number.into()), width: 0 }, at + 1)),
            24 => 1,
            25 => 2,
            26 => 4,
            27 => 8,
            31 if !matches!(major, Major::Unsigned | Major::Negative | Major::Tag) => {
                return Ok((Self { major, number: None, width: 0 }, at + 1));
            }
            _ => return Err(Stop::Bad { at, expected: "a value of CBOR" }),
        };
        let digits = bytes.get(at + 1..at + 1 + width).ok_or(Stop::Short)?;
        let number = digits.iter().fold(0, |number, &digit| number << 8 | u64::from(digit));
        Ok((Self { major, number: Some(number), width }, at + 1 + width))
    }

    /// Tells whether it ends what has no length.
    pub(super) fn is_break(self) -> bool {
        self.major == Major::Simple && self.number.is_none()
    }

    pub(super) fn is_null(self) -> bool {
        self.major == Major::Simple && self.width == 0 && matches!(self.number, Some(22 | 23))
    }

    /// Returns the number that it stands for, as far as it is one.
    pub(super) fn float(self) -> Option<f64> {
        let number = self.number?;
        match (self.major, self.width) {
            (Major::Unsigned, _) => Some(number as f64),
            (Major::Negative, _) => Some(-1.0 - number as f64),
            (Major::Simple, 2) => Some(half(number as u16)),
            (Major::Simple, 4) => Some(f32::from_bits(number as u32).into()),
            (Major::Simple, 8) => Some(f64::from_bits(number)),
            _ => None,
        }
    }
}

/// Reads a float of 16 bits.
///
/// Source: [RFC 8949, appendix D](https://www.rfc-editor.org/rfc/rfc8949#appendix-D).
fn half(bits: u16) -> f64 {
    let fraction = f64::from(bits & 0x3ff);
    let magnitude = match bits >> 10 & 31 {
        0 => fraction * 2f64.powi(-24),
        31 if fraction == 0.0 => f64::INFINITY,
        31 => f64::NAN,
        exponent => (fraction + 1024.0) * 2f64.powi(i32::from(exponent) - 25),
    };
    if bits & 0x8000 == 0 { magnitude } else { -magnitude }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_of_16_bits_are_what_the_rfc_shows() {
        let examples = [
            (0x0000, 0.0),
            (0x3c00, 1.0),
            (0x3e00, 1.5),
            (0x7bff, 65504.0),
            (0x0001, 5.960_464_477_539_063e-8),
            (0x0400, 0.000_061_035_156_25),
            (0xc400, -4.0),
            (0x7c00, f64::INFINITY),
            (0xfc00, f64::NEG_INFINITY),
        ];
        for (bits, number) in examples {
            assert_eq!(half(bits).to_bits(), f64::to_bits(number), "{bits:x}");
        }
        assert!(half(0x7e00).is_nan());
    }
}
