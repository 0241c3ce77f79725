//! JSON (RFC 8259).

use std::borrow::Cow;
use std::time::SystemTime;

use super::text::Quoted;
use super::{Blob, Kind, Members, Read, Reader, Stop, time};

/// Reads JSON. A text that is not UTF-8 is none, wherever it stands.
#[derive(Debug)]
pub(crate) struct Json<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Json<'a> {
    /// Returns the next byte that is no space.
    #[inline]
    fn peek(&mut self) -> Read<u8> {
        loop {
            match self.bytes.get(self.at) {
                None => return Err(Stop::Short),
                Some(b' ' | b'\t' | b'\n' | b'\r') => self.at += 1,
                Some(&byte) => return Ok(byte),
            }
        }
    }

    #[inline]
    fn expect(&mut self, byte: u8, expected: &'static str) -> Read<()> {
        if self.peek()? != byte {
            return self.bad(expected);
        }
        self.at += 1;
        Ok(())
    }

    fn quoted(&mut self) -> Read<Quoted<'a>> {
        self.expect(b'"', "a string")?;
        let quoted = Quoted::read(self.bytes, self.at)?;
        self.at = quoted.end();
        Ok(quoted)
    }

    /// Reads what separates the members of a map or a list, or its end.
    fn next(&mut self, members: &mut Members, end: u8, expected: &'static str) -> Read<bool> {
        let next = self.peek()?;
        if next == end {
            self.at += 1;
            return Ok(false);
        }
        if members.begun {
            self.expect(b',', expected)?;
        }
        members.begun = true;
        Ok(true)
    }

    fn literal(&mut self, literal: &'static str) -> Read<()> {
        let there = &self.bytes[self.at..];
        let there = &there[..there.len().min(literal.len())];
        if !literal.as_bytes().starts_with(there) {
            return self.bad("a value");
        }
        if there.len() < literal.len() {
            return Err(Stop::Short);
        }
        self.at += literal.len();
        Ok(())
    }

    /// Reads a number. It is there only with a byte after it, or more digits could follow.
    fn number(&mut self) -> Read<&'a str> {
        self.peek()?;
        let begin = self.at;
        if self.bytes[begin] == b'-' {
            self.at += 1;
        }
        let first = self.byte()?;
        let whole = self.digits()?;
        if whole == 0 || (first == b'0' && whole > 1) {
            return Err(Stop::Bad { at: begin, expected: "a number" });
        }
        if self.byte()? == b'.' {
            self.at += 1;
            if self.digits()? == 0 {
                return self.bad("digits");
            }
        }
        if matches!(self.byte()?, b'e' | b'E') {
            self.at += 1;
            if matches!(self.byte()?, b'+' | b'-') {
                self.at += 1;
            }
            if self.digits()? == 0 {
                return self.bad("digits");
            }
        }
        // All of it is ASCII.
        str::from_utf8(&self.bytes[begin..self.at]).map_err(|_| Stop::Bad { at: begin, expected: "a number" })
    }

    fn byte(&self) -> Read<u8> {
        self.bytes.get(self.at).copied().ok_or(Stop::Short)
    }

    fn digits(&mut self) -> Read<usize> {
        let begin = self.at;
        while self.byte()?.is_ascii_digit() {
            self.at += 1;
        }
        Ok(self.at - begin)
    }
}

impl<'a> Reader<'a> for Json<'a> {
    fn new(bytes: &'a [u8], at: usize) -> Self {
        Self { bytes, at }
    }

    fn at(&self) -> usize {
        self.at
    }

    fn kind(&mut self) -> Read<Kind> {
        Ok(match self.peek()? {
            b'{' => Kind::Map,
            b'[' => Kind::List,
            b'n' => Kind::Null,
            _ => Kind::Other,
        })
    }

    fn map(&mut self) -> Read<Members> {
        self.expect(b'{', "an object")?;
        Ok(Members { left: None, begun: false })
    }

    fn key(&mut self, members: &mut Members) -> Read<Option<Cow<'a, str>>> {
        if !self.next(members, b'}', "a comma or the end of an object")? {
            return Ok(None);
        }
        let key = self.text()?;
        self.expect(b':', "a colon")?;
        Ok(Some(key))
    }

    #[inline]
    fn field(&mut self, members: &mut Members, known: &[&str], likely: usize) -> Read<Option<usize>> {
        if !self.next(members, b'}', "a comma or the end of an object")? {
            return Ok(None);
        }
        self.expect(b'"', "a string")?;
        let there = &self.bytes[self.at..];
        // One that is known needs no look at what its bytes are.
        let is_there = |name: &str| {
            there.strip_prefix(name.as_bytes()).is_some_and(|after| after.first() == Some(&b'"'))
        };
        let mut which = super::which(known, is_there, likely);
        if let Some(name) = known.get(which) {
            self.at += name.len() + 1;
        } else {
            let quoted = Quoted::read(self.bytes, self.at)?;
            self.at = quoted.end();
            let key = quoted.text()?;
            which = super::which(known, |name| key == name, likely);
        }
        self.expect(b':', "a colon")?;
        Ok(Some(which))
    }

    fn list(&mut self) -> Read<Members> {
        self.expect(b'[', "a list")?;
        Ok(Members { left: None, begun: false })
    }

    fn item(&mut self, members: &mut Members) -> Read<bool> {
        self.next(members, b']', "a comma or the end of a list")
    }

    fn text(&mut self) -> Read<Cow<'a, str>> {
        self.quoted()?.text()
    }

    fn blob(&mut self) -> Read<Blob<'a>> {
        self.expect(b'"', "a string")?;
        // Nothing of base64 has a quote, so that the first one ends it whatever stands before it.
        let quoted = Quoted::read_plain(self.bytes, self.at)?;
        self.at += quoted.len() + 1;
        Ok(Blob::Quoted(quoted))
    }

    fn integer(&mut self) -> Read<i64> {
        self.peek()?;
        let begin = self.at;
        let text = self.number()?;
        if let Ok(number) = text.parse() {
            return Ok(number);
        }
        let number = text.parse().ok().and_then(super::number::whole);
        number.ok_or(Stop::Bad { at: begin, expected: "a whole number of 64 bits" })
    }

    fn time(&mut self) -> Read<SystemTime> {
        self.peek()?;
        let begin = self.at;
        if let Some((time, length)) = time::plain(&self.bytes[begin..]) {
            self.at += length;
            return Ok(time);
        }
        let seconds = self.number()?.parse().ok();
        seconds.and_then(time::from_seconds).ok_or(Stop::Bad { at: begin, expected: "seconds since 1970" })
    }

    fn skip(&mut self, depth: u32) -> Read<()> {
        match self.peek()? {
            b'{' => self.skip_members(Kind::Map, depth),
            b'[' => self.skip_members(Kind::List, depth),
            b'"' => self.quoted()?.text().map(drop),
            b't' => self.literal("true"),
            b'f' => self.literal("false"),
            b'n' => self.literal("null"),
            b'-' | b'0'..=b'9' => self.number().map(drop),
            _ => self.bad("a value"),
        }
    }

    fn rest(&mut self) -> Read<()> {
        match self.peek() {
            Err(_) => Ok(()),
            Ok(_) => self.bad("nothing more"),
        }
    }
}
