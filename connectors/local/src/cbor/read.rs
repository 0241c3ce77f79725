//! A reader of CBOR that copies nothing which lies in one piece.

use std::borrow::Cow;

use bytes::Bytes;

use crate::error::{Error, ErrorCode};
use crate::store::Text;

/// How deep a value that nobody wants may be nested: the reader skips it by calling itself.
const DEPTH: usize = 32;

/// What ends an item of no stated length.
const BREAK: u8 = 0xff;

/// Additional information that says that no length is stated.
const INDEFINITE: u8 = 31;

/// The major types. <https://www.rfc-editor.org/rfc/rfc8949#section-3.1>
mod major {
    pub(super) const BYTES: u8 = 2;
    pub(super) const TEXT: u8 = 3;
    pub(super) const ARRAY: u8 = 4;
    pub(super) const MAP: u8 = 5;
    pub(super) const TAG: u8 = 6;
    pub(super) const SIMPLE: u8 = 7;
}

/// The simple values that mean nothing: null and undefined.
const NOTHING: [u64; 2] = [22, 23];

/// Reads one body from its beginning to its end.
pub(super) struct Reader<'a> {
    body: &'a Bytes,
    rest: &'a [u8],
}

/// What an item begins with: its type, and the number beside it, which an item of no stated length lacks.
struct Head {
    major: u8,
    argument: Option<u64>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(body: &'a Bytes) -> Self {
        Self { body, rest: body }
    }

    /// Checks that nothing follows.
    pub(super) fn end(&self) -> Result<(), Error> {
        if self.rest.is_empty() { Ok(()) } else { Err(refused("trailing bytes")) }
    }

    /// Reads a map: `member` is called with each name, and must read or skip its value.
    pub(super) fn map(
        &mut self,
        mut member: impl FnMut(&mut Self, &[u8]) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let head = self.head()?;
        self.items(&head, major::MAP, "a map", |reader| {
            let name = reader.string(major::TEXT, "the name of a member")?;
            let name = name.ok_or_else(|| refused("the name of a member is expected"))?;
            member(reader, &name)
        })
    }

    /// Reads an array: `item` is called for each of its values, and must read it. Returns whether there is one.
    pub(super) fn array(&mut self, item: impl FnMut(&mut Self) -> Result<(), Error>) -> Result<bool, Error> {
        let head = self.head()?;
        if head.is_nothing() {
            return Ok(false);
        }
        self.items(&head, major::ARRAY, "an array", item).map(|()| true)
    }

    /// Reads text that shares the body.
    pub(super) fn text(&mut self) -> Result<Option<Text>, Error> {
        let Some(text) = self.string(major::TEXT, "text")? else { return Ok(None) };
        let text = match text {
            Cow::Borrowed(bytes) => std::str::from_utf8(bytes).map(|text| Text::sharing(self.body, text)),
            Cow::Owned(bytes) => match String::from_utf8(bytes) {
                Ok(text) => Ok(text.into()),
                Err(error) => Err(error.utf8_error()),
            },
        };
        text.map(Some).map_err(|error| refused(&error.to_string()))
    }

    /// Reads a byte string that shares the body.
    pub(super) fn bytes(&mut self) -> Result<Option<Bytes>, Error> {
        let bytes = self.string(major::BYTES, "a byte string")?;
        Ok(bytes.map(|bytes| match bytes {
            Cow::Borrowed(bytes) => self.body.slice_ref(bytes),
            Cow::Owned(bytes) => bytes.into(),
        }))
    }

    /// Passes a value over.
    pub(super) fn skip(&mut self) -> Result<(), Error> {
        self.skip_nested(DEPTH)
    }

    fn skip_nested(&mut self, depth: usize) -> Result<(), Error> {
        let deeper = depth.checked_sub(1).ok_or_else(|| refused("it is nested too deeply"))?;
        let head = self.head()?;
        match head.major {
            major::BYTES | major::TEXT => self.rest_of_string(&head).map(drop),
            major::ARRAY => self.items(&head, major::ARRAY, "an array", |reader| reader.skip_nested(deeper)),
            major::MAP => self.items(&head, major::MAP, "a map", |reader| {
                reader.skip_nested(deeper)?;
                reader.skip_nested(deeper)
            }),
            major::TAG => self.skip_nested(deeper),
            _ if head.argument.is_none() => Err(refused("a value is expected")),
            _ => Ok(()),
        }
    }

    fn items(
        &mut self,
        head: &Head,
        major: u8,
        expected: &str,
        mut item: impl FnMut(&mut Self) -> Result<(), Error>,
    ) -> Result<(), Error> {
        if head.major != major {
            return Err(refused(&format!("{expected} is expected")));
        }
        if let Some(count) = head.argument {
            for _ in 0..count {
                item(self)?;
            }
        } else {
            while self.rest.first() != Some(&BREAK) {
                item(self)?;
            }
            self.rest = &self.rest[1..];
        }
        Ok(())
    }

    fn string(&mut self, major: u8, expected: &str) -> Result<Option<Cow<'a, [u8]>>, Error> {
        let head = self.head()?;
        if head.is_nothing() {
            return Ok(None);
        }
        if head.major != major {
            return Err(refused(&format!("{expected} is expected")));
        }
        self.rest_of_string(&head).map(Some)
    }

    fn rest_of_string(&mut self, head: &Head) -> Result<Cow<'a, [u8]>, Error> {
        if let Some(len) = head.argument {
            return self.take(len).map(Cow::Borrowed);
        }
        let mut joined = Vec::new();
        while self.rest.first() != Some(&BREAK) {
            let part = self.head()?;
            let len = part.argument.filter(|_| part.major == head.major);
            joined
                .extend_from_slice(self.take(len.ok_or_else(|| refused("a part of a string is expected"))?)?);
        }
        self.rest = &self.rest[1..];
        Ok(Cow::Owned(joined))
    }

    fn head(&mut self) -> Result<Head, Error> {
        let first = self.take(1)?[0];
        let (major, additional) = (first >> 5, first & 0x1f);
        let argument = match additional {
            0..24 => Some(u64::from(additional)),
            24..28 => {
                let bytes = self.take(1 << (additional - 24))?;
                Some(bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
            }
            INDEFINITE if (major::BYTES..=major::MAP).contains(&major) => None,
            _ => return Err(refused("a value is expected")),
        };
        Ok(Head { major, argument })
    }

    fn take(&mut self, len: u64) -> Result<&'a [u8], Error> {
        let len = usize::try_from(len).unwrap_or(usize::MAX);
        let (taken, rest) = self.rest.split_at_checked(len).ok_or_else(|| refused("it ends too early"))?;
        self.rest = rest;
        Ok(taken)
    }
}

impl Head {
    fn is_nothing(&self) -> bool {
        self.major == major::SIMPLE && self.argument.is_some_and(|value| NOTHING.contains(&value))
    }
}

fn refused(why: &str) -> Error {
    Error::new(ErrorCode::Serialization, format!("the body is not the CBOR that the operation takes: {why}"))
}
