//! Strings of JSON.

use std::borrow::Cow;

use memchr::{memchr, memchr2};

use super::{Read, Stop, all};

/// What stands between two quotes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Quoted<'a> {
    /// Between the quotes, as it is.
    pub(super) raw: &'a [u8],
    /// Where it begins.
    at: usize,
    /// Whether any of it is escaped.
    pub(super) escaped: bool,
}

impl<'a> Quoted<'a> {
    /// Reads a string whose first quote was read.
    pub(super) fn read(bytes: &'a [u8], at: usize) -> Read<Self> {
        let mut end = at;
        let mut escaped = false;
        loop {
            end += memchr2(b'"', b'\\', &bytes[end..]).ok_or(Stop::Short)?;
            if bytes[end] == b'"' {
                return Ok(Self { raw: &bytes[at..end], at, escaped });
            }
            escaped = true;
            // Whatever is escaped, it is no end.
            end += 2;
            if end > bytes.len() {
                return Err(Stop::Short);
            }
        }
    }

    /// Returns what stands before the next quote in a string whose first quote was read.
    pub(super) fn read_plain(bytes: &'a [u8], at: usize) -> Read<&'a [u8]> {
        let end = memchr(b'"', &bytes[at..]).ok_or(Stop::Short)?;
        Ok(&bytes[at..at + end])
    }

    /// Returns the place after the last quote.
    pub(super) fn end(&self) -> usize {
        self.at + self.raw.len() + 1
    }

    /// Returns what it says.
    pub(super) fn text(&self) -> Read<Cow<'a, str>> {
        let bad = |expected| Stop::Bad { at: self.at, expected };
        let raw = str::from_utf8(self.raw).map_err(|_| bad("UTF-8"))?;
        if !self.escaped {
            if !all(self.raw, |byte| byte >= b' ') {
                return Err(bad("control characters to be escaped"));
            }
            return Ok(Cow::Borrowed(raw));
        }
        unescape(raw).map(Cow::Owned).ok_or_else(|| bad("escapes that mean something"))
    }
}

/// Returns what a string says that has escapes, from between its quotes.
pub(super) fn unescape(raw: &str) -> Option<String> {
    serde_json::from_str(&format!("\"{raw}\"")).ok()
}
