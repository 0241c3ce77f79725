//! Pull parsers over bytes that may not all be there yet.
//!
//! What reads an answer asks for the values that it expects, in JSON or in CBOR alike. Where bytes are missing it is told
//! so, and asks again from the last place that it was done with.

mod blob;
mod cbor;
mod head;
mod json;
mod number;
mod text;
mod time;
mod wide;

use std::borrow::Cow;
use std::time::SystemTime;

pub(crate) use blob::Blob;
pub(crate) use cbor::Cbor;
pub(crate) use json::Json;
pub(crate) use wide::all;

/// How deep what is skipped may be nested.
pub(crate) const DEPTH: u32 = 128;

/// Why a value was not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    /// It goes on beyond the bytes that are there.
    Short,
    /// It is not what it should be.
    Bad {
        /// The byte at which that was seen.
        at: usize,
        expected: &'static str,
    },
}

pub(crate) type Read<T> = Result<T, Stop>;

/// Where in a map or a list a reader stands. A copy of it, and of the place, is all that it takes to go back.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Members {
    /// How many are left, where the format says.
    left: Option<u64>,
    /// Whether the first was read.
    begun: bool,
}

/// What comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Map,
    List,
    Null,
    Other,
}

/// Returns which of the names that are known is there, or how many there are for any other.
#[inline]
fn which(known: &[&str], is_there: impl Fn(&str) -> bool, likely: usize) -> usize {
    if known.get(likely).is_some_and(|name| is_there(name)) {
        return likely;
    }
    known.iter().position(|name| is_there(name)).unwrap_or(known.len())
}

/// Reads values in a row. After [`Stop`] its place is anywhere: it is to be made anew from where the value began.
pub(crate) trait Reader<'a>: Sized {
    /// Reads `bytes` from a place on.
    fn new(bytes: &'a [u8], at: usize) -> Self;

    /// Returns the place of the next byte.
    fn at(&self) -> usize;

    /// Looks at what comes next.
    fn kind(&mut self) -> Read<Kind>;

    /// Reads the beginning of a map.
    fn map(&mut self) -> Read<Members>;

    /// Reads the next key, or the end of the map.
    fn key(&mut self, members: &mut Members) -> Read<Option<Cow<'a, str>>>;

    /// Reads the next key, or the end of the map, and returns which of those that are known the key is, or how many there
    /// are for any other. The one that is `likely` is looked for first: most maps have their keys in one order.
    fn field(&mut self, members: &mut Members, known: &[&str], likely: usize) -> Read<Option<usize>>;

    /// Reads the beginning of a list.
    fn list(&mut self) -> Read<Members>;

    /// Tells whether another item follows, which is to be read then.
    fn item(&mut self, members: &mut Members) -> Read<bool>;

    /// Reads a text.
    fn text(&mut self) -> Read<Cow<'a, str>>;

    /// Reads bytes, which are decoded when they are wanted.
    fn blob(&mut self) -> Read<Blob<'a>>;

    /// Reads a whole number.
    fn integer(&mut self) -> Read<i64>;

    /// Reads a point in time.
    fn time(&mut self) -> Read<SystemTime>;

    /// Reads past anything, with all that is in it.
    fn skip(&mut self, depth: u32) -> Read<()>;

    /// Reads past what may follow the last value.
    fn rest(&mut self) -> Read<()>;

    /// Returns that something else was expected, at the place of the next byte.
    fn bad<T>(&self, expected: &'static str) -> Read<T> {
        Err(Stop::Bad { at: self.at(), expected })
    }

    /// Reads what may be null.
    #[inline]
    fn nullable<T>(&mut self, read: impl FnOnce(&mut Self) -> Read<T>) -> Read<Option<T>> {
        if self.kind()? == Kind::Null {
            return self.skip(DEPTH).map(|()| None);
        }
        read(self).map(Some)
    }

    /// Reads past the members of a map or a list, each of which may be so deep.
    fn skip_members(&mut self, kind: Kind, depth: u32) -> Read<()> {
        let Some(depth) = depth.checked_sub(1) else { return self.bad("less nesting") };
        if kind == Kind::Map {
            let mut members = self.map()?;
            while self.key(&mut members)?.is_some() {
                self.skip(depth)?;
            }
        } else {
            let mut members = self.list()?;
            while self.item(&mut members)? {
                self.skip(depth)?;
            }
        }
        Ok(())
    }
}
