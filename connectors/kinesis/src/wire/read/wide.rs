//! Looks at bytes many at a time.

/// Tells whether all bytes pass. A loop that may stop at each byte looks at them one by one, which for the digits of a
/// sequence number costs as much as the rest of a record.
#[inline]
pub(crate) fn all(bytes: &[u8], passes: impl Fn(u8) -> bool) -> bool {
    let (strides, rest) = bytes.as_chunks::<8>();
    let failed = |stride: &[u8]| stride.iter().fold(false, |failed, &byte| failed | !passes(byte));
    !strides.iter().any(|stride| failed(stride)) && !failed(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_that_does_not_pass_is_seen_wherever_it_stands() {
        for length in 0..40 {
            let mut bytes = vec![b'7'; length];
            assert!(all(&bytes, |byte| byte.is_ascii_digit()));
            for place in 0..length {
                bytes[place] = b':';
                assert!(!all(&bytes, |byte| byte.is_ascii_digit()), "{place} of {length}");
                bytes[place] = b'0';
            }
        }
    }
}
