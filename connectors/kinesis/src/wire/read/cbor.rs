//! CBOR (RFC 8949), as Amazon's Java SDK speaks it and as servers imitate that.

use std::borrow::Cow;
use std::time::SystemTime;

use super::head::{Head, Major};
use super::{Blob, Kind, Members, Read, Reader, Stop, number, time};

/// The tag of a point in time.
const TIME: u64 = 1;

/// Reads CBOR.
#[derive(Debug)]
pub(crate) struct Cbor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Cbor<'a> {
    fn peek(&self) -> Read<Head> {
        Head::read(self.bytes, self.at).map(|(head, _)| head)
    }

    #[inline]
    fn head(&mut self) -> Read<Head> {
        let (head, after) = Head::read(self.bytes, self.at)?;
        self.at = after;
        Ok(head)
    }

    /// Reads the head of a value that has to be of a kind.
    fn expect(&mut self, major: Major, expected: &'static str) -> Read<Option<u64>> {
        let at = self.at;
        let head = self.head()?;
        if head.major == major { Ok(head.number) } else { Err(Stop::Bad { at, expected }) }
    }

    /// Reads so many bytes.
    fn take(&mut self, length: u64) -> Read<&'a [u8]> {
        let end = usize::try_from(length).ok().and_then(|length| self.at.checked_add(length));
        let taken = end.and_then(|end| self.bytes.get(self.at..end)).ok_or(Stop::Short)?;
        self.at += taken.len();
        Ok(taken)
    }

    /// Reads the parts of what has no length.
    fn parts(
        &mut self,
        major: Major,
        mut take: impl FnMut(&'a [u8]) -> Result<(), &'static str>,
    ) -> Read<()> {
        while !self.ends()? {
            let at = self.at;
            let Some(length) = self.expect(major, "a part of the same kind")? else {
                return Err(Stop::Bad { at, expected: "a part that has a length" });
            };
            take(self.take(length)?).map_err(|expected| Stop::Bad { at, expected })?;
        }
        Ok(())
    }

    /// Tells whether what has no length ends here, and reads that.
    fn ends(&mut self) -> Read<bool> {
        let ends = self.peek()?.is_break();
        self.at += usize::from(ends);
        Ok(ends)
    }

    /// Tells whether a map or a list has one more member.
    fn next(&mut self, members: &mut Members) -> Read<bool> {
        match &mut members.left {
            None => self.ends().map(|ends| !ends),
            Some(0) => Ok(false),
            Some(left) => {
                *left -= 1;
                Ok(true)
            }
        }
    }
}

impl<'a> Reader<'a> for Cbor<'a> {
    fn new(bytes: &'a [u8], at: usize) -> Self {
        Self { bytes, at }
    }

    fn at(&self) -> usize {
        self.at
    }

    fn kind(&mut self) -> Read<Kind> {
        let head = self.peek()?;
        Ok(match head.major {
            Major::Map => Kind::Map,
            Major::List => Kind::List,
            _ if head.is_null() => Kind::Null,
            _ => Kind::Other,
        })
    }

    fn map(&mut self) -> Read<Members> {
        let left = self.expect(Major::Map, "a map")?;
        Ok(Members { left, begun: false })
    }

    fn key(&mut self, members: &mut Members) -> Read<Option<Cow<'a, str>>> {
        if self.next(members)? { self.text().map(Some) } else { Ok(None) }
    }

    #[inline]
    fn field(&mut self, members: &mut Members, known: &[&str], likely: usize) -> Read<Option<usize>> {
        if !self.next(members)? {
            return Ok(None);
        }
        let begin = self.at;
        let head = self.head()?;
        if let (Major::Text, Some(length)) = (head.major, head.number) {
            // One that is known needs no look at what its bytes are.
            let key = self.take(length)?;
            let which = super::which(known, |name| name.as_bytes() == key, likely);
            if which < known.len() {
                return Ok(Some(which));
            }
        }
        self.at = begin;
        let key = self.text()?;
        Ok(Some(super::which(known, |name| key == name, likely)))
    }

    fn list(&mut self) -> Read<Members> {
        let left = self.expect(Major::List, "a list")?;
        Ok(Members { left, begun: false })
    }

    fn item(&mut self, members: &mut Members) -> Read<bool> {
        self.next(members)
    }

    fn text(&mut self) -> Read<Cow<'a, str>> {
        let begin = self.at;
        if let Some(length) = self.expect(Major::Text, "a text")? {
            let text = str::from_utf8(self.take(length)?);
            return text.map(Cow::Borrowed).map_err(|_| Stop::Bad { at: begin, expected: "UTF-8" });
        }
        let mut text = String::new();
        self.parts(Major::Text, |part| {
            text.push_str(str::from_utf8(part).map_err(|_| "UTF-8")?);
            Ok(())
        })?;
        Ok(Cow::Owned(text))
    }

    /// Bytes, or base64 from servers that write what they would in JSON.
    fn blob(&mut self) -> Read<Blob<'a>> {
        if self.peek()?.major == Major::Text {
            return Ok(match self.text()? {
                Cow::Borrowed(text) => Blob::Base64(text.as_bytes()),
                Cow::Owned(text) => Blob::JoinedBase64(text),
            });
        }
        let Some(length) = self.expect(Major::Bytes, "bytes")? else {
            let mut bytes = Vec::new();
            self.parts(Major::Bytes, |part| {
                bytes.extend_from_slice(part);
                Ok(())
            })?;
            return Ok(Blob::Joined(bytes));
        };
        self.take(length).map(Blob::Plain)
    }

    fn integer(&mut self) -> Read<i64> {
        let at = self.at;
        let head = self.head()?;
        let number = match (head.major, head.number) {
            (Major::Unsigned, Some(number)) => i64::try_from(number).ok(),
            (Major::Negative, Some(number)) => i64::try_from(number).ok().map(|number| -1 - number),
            _ => head.float().and_then(number::whole),
        };
        number.ok_or(Stop::Bad { at, expected: "a whole number of 64 bits" })
    }

    fn time(&mut self) -> Read<SystemTime> {
        let at = self.at;
        let mut head = self.head()?;
        if head.major == Major::Tag && head.number == Some(TIME) {
            head = self.head()?;
        }
        let time = match (head.major, head.number) {
            (Major::Unsigned, Some(number)) => time::from_whole(number),
            _ => head.float().and_then(time::from_either),
        };
        time.ok_or(Stop::Bad { at, expected: "a time since 1970" })
    }

    fn skip(&mut self, depth: u32) -> Read<()> {
        let at = self.at;
        let head = self.peek()?;
        match (head.major, head.number) {
            (Major::Map, _) => self.skip_members(Kind::Map, depth),
            (Major::List, _) => self.skip_members(Kind::List, depth),
            (Major::Text, _) => self.text().map(drop),
            (Major::Bytes, _) => self.blob().map(drop),
            (Major::Tag, _) => {
                self.head()?;
                match depth.checked_sub(1) {
                    Some(depth) => self.skip(depth),
                    None => self.bad("less nesting"),
                }
            }
            // False, true, null and undefined; floats are wider.
            (Major::Simple, Some(number))
                if head.width == 1 || (head.width == 0 && !(20..24).contains(&number)) =>
            {
                Err(Stop::Bad { at, expected: "a value that is known" })
            }
            (Major::Simple, None) => Err(Stop::Bad { at, expected: "a value" }),
            _ => self.head().map(drop),
        }
    }

    fn rest(&mut self) -> Read<()> {
        if self.at == self.bytes.len() { Ok(()) } else { self.bad("nothing more") }
    }
}
