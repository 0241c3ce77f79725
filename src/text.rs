//! A short text, kept in place.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use arrayvec::ArrayString;

/// A text that costs no allocation where it has at most `N` bytes; a longer one is shared by its clones.
///
/// Every message has a few of them. A slice of the memory of its page would cost no allocation either, but would keep
/// that memory for as long as somebody keeps the text, and a user who counts by key keeps it for good.
#[derive(Clone)]
pub(crate) enum Text<const N: usize> {
    Short(ArrayString<N>),
    Long(Arc<str>),
}

impl<const N: usize> Deref for Text<N> {
    type Target = str;

    fn deref(&self) -> &str {
        match self {
            Self::Short(text) => text,
            Self::Long(text) => text,
        }
    }
}

impl<const N: usize> From<&str> for Text<N> {
    fn from(text: &str) -> Self {
        ArrayString::from(text).map_or_else(|_| Self::Long(text.into()), Self::Short)
    }
}

impl<const N: usize> fmt::Debug for Text<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_fits_is_kept_in_place_and_a_longer_one_is_shared() {
        let short = Text::<8>::from("12345678");
        assert!(matches!(&short, Text::Short(text) if text == "12345678"));
        let long = Text::<8>::from("123456789");
        assert!(
            matches!((&long, long.clone()), (Text::Long(one), Text::Long(two)) if Arc::ptr_eq(one, &two))
        );
        assert_eq!((&*short, &*long), ("12345678", "123456789"));
    }

    #[test]
    fn a_character_that_does_not_fit_whole_is_not_cut() {
        assert_eq!(&*Text::<4>::from("abcé"), "abcé");
    }
}
