//! Reads an answer as it arrives.

use headwater::{Error, ErrorKind, Result, SequenceNumber};

use super::memory::Memory;
use super::{Answer, Child, record};
use crate::wire::Format;
use crate::wire::read::{Cbor, DEPTH, Json, Members, Read, Reader, Stop};

/// The most bytes that an answer may have: a page of 10 MiB in base64, the longest keys with each of their characters
/// escaped, and as much again.
pub(super) const LARGEST: usize = 64 << 20;
/// How much of what has just come is put behind a value that was cut, to see whether it is whole then. It doubles.
const LOOK: usize = 2 << 10;

/// Reads an answer as it arrives, record by record: of what came in before only a value that is cut is kept, so that a page
/// is never in memory twice.
///
/// Nothing is handed out of an answer that is cut, malformed or too large. A field that comes twice makes it malformed:
/// there is no telling which of both is true.
#[derive(Debug)]
pub(crate) struct Parser {
    format: Format,
    place: Place,
    /// Which fields have come.
    seen: u8,
    answer: Answer,
    memory: Memory,
    /// What came and is no whole value yet.
    cut: Vec<u8>,
    /// How long that has to be until another look is worth it.
    look_at: usize,
    /// How many bytes lie before it.
    done: usize,
}

#[derive(Clone, Copy, Debug)]
enum Place {
    Before,
    /// Among the fields.
    Answer(Members),
    /// Among the records, and then among the fields again.
    Records(Members, Members),
    After,
}

#[derive(Clone, Copy)]
#[repr(u8)]
enum Field {
    Records = 1,
    Iterator = 2,
    Behind = 4,
    Children = 8,
    Continuation = 16,
}

impl Parser {
    /// Begins an answer which has about so many records.
    pub(crate) fn new(format: Format, records: usize) -> Self {
        Self {
            format,
            place: Place::Before,
            seen: 0,
            answer: Answer { records: Vec::with_capacity(records), ..Answer::default() },
            memory: Memory::default(),
            cut: Vec::new(),
            look_at: 0,
            done: 0,
        }
    }

    /// Takes in what has come.
    ///
    /// # Errors
    ///
    /// `Unavailable` where the answer is malformed or too large: another one may be better.
    pub(crate) fn feed(&mut self, bytes: &[u8]) -> Result<()> {
        let mut taken = 0;
        while !self.cut.is_empty() && taken < bytes.len() {
            let more = &bytes[taken..];
            let more = &more[..more.len().min(self.cut.len().max(LOOK))];
            self.cut.extend_from_slice(more);
            taken += more.len();
            if self.cut.len() < self.look_at {
                continue;
            }
            let left = self.read_cut()?;
            if left <= taken {
                // What was cut is whole, and all that is left has just come.
                taken -= left;
                self.cut.clear();
                self.look_at = 0;
            } else {
                // A value that is looked at only when it has doubled is read over twice at most.
                self.look_at = left * 2;
            }
        }
        if taken < bytes.len() {
            let rest = &bytes[taken..];
            let read = self.read(rest)?;
            self.cut.extend_from_slice(&rest[read..]);
        }
        if self.done + self.cut.len() > LARGEST {
            return Err(unreadable(LARGEST, "the end of an answer"));
        }
        Ok(())
    }

    /// Returns the answer, after all of it was taken in.
    ///
    /// # Errors
    ///
    /// `Unavailable` where it ended too early.
    pub(crate) fn finish(mut self) -> Result<Answer> {
        self.read_cut()?;
        if !matches!(self.place, Place::After) {
            return Err(unreadable(self.done + self.cut.len(), "more of an answer"));
        }
        if self.seen & Field::Records as u8 == 0 {
            return Err(unreadable(self.done, "Records before"));
        }
        let (chunks, payloads) = self.memory.finish(&mut self.answer.records);
        (self.answer.chunks, self.answer.payloads) = (chunks, payloads);
        Ok(self.answer)
    }

    /// Reads what was cut, as far as it is whole by now, and returns how much of it is left.
    fn read_cut(&mut self) -> Result<usize> {
        let mut cut = std::mem::take(&mut self.cut);
        let read = self.read(&cut)?;
        cut.drain(..read);
        self.cut = cut;
        Ok(self.cut.len())
    }

    /// Reads whole values, and returns how many bytes they had.
    fn read(&mut self, bytes: &[u8]) -> Result<usize> {
        let (read, stop) = match self.format {
            Format::Json => self.read_as::<Json<'_>>(bytes),
            Format::Cbor => self.read_as::<Cbor<'_>>(bytes),
        };
        match stop {
            Stop::Short => {
                self.done += read;
                Ok(read)
            }
            Stop::Bad { at, expected } => Err(unreadable(self.done + at, expected)),
        }
    }

    /// Reads whole values, and returns how many bytes they had and why there was no other.
    fn read_as<'a, R: Reader<'a>>(&mut self, bytes: &'a [u8]) -> (usize, Stop) {
        let mut read = 0;
        loop {
            let mut reader = R::new(bytes, read);
            match self.step(&mut reader, bytes.len()) {
                Ok(()) => read = reader.at(),
                Err(stop) => return (read, stop),
            }
        }
    }

    /// Reads one value. What it changes before it stops is as it was.
    fn step<'a, R: Reader<'a>>(&mut self, reader: &mut R, length: usize) -> Read<()> {
        match self.place {
            Place::Before => self.place = Place::Answer(reader.map()?),
            Place::Answer(mut fields) => {
                self.place = match reader.key(&mut fields)? {
                    None => Place::After,
                    Some(key) => self.field(reader, &key, fields)?,
                };
            }
            Place::Records(mut records, fields) => {
                if !reader.item(&mut records)? {
                    self.place = Place::Answer(fields);
                    return Ok(());
                }
                let found = record::read(reader)?;
                // A short answer gets little memory, and a long one all that is taken at a time.
                let more = self.done + length - reader.at();
                if !self.memory.add(&mut self.answer.records, found, more) {
                    return reader.bad("base64 before");
                }
                self.place = Place::Records(records, fields);
            }
            Place::After => {
                reader.rest()?;
                return Err(Stop::Short);
            }
        }
        Ok(())
    }

    /// Reads the value of a field, and returns what follows.
    fn field<'a, R: Reader<'a>>(&mut self, reader: &mut R, key: &str, fields: Members) -> Read<Place> {
        let field = match key {
            "Records" => Field::Records,
            "NextShardIterator" => Field::Iterator,
            "MillisBehindLatest" => Field::Behind,
            "ChildShards" => Field::Children,
            "ContinuationSequenceNumber" => Field::Continuation,
            _ => return reader.skip(DEPTH).map(|()| Place::Answer(fields)),
        };
        if self.seen & field as u8 != 0 {
            return reader.bad("each field once");
        }
        let mut next = Place::Answer(fields);
        match field {
            Field::Records => next = Place::Records(reader.list()?, fields),
            Field::Iterator => {
                let iterator = reader.nullable(R::text)?;
                self.answer.iterator = iterator.map(std::borrow::Cow::into_owned);
            }
            Field::Behind => self.answer.millis_behind_latest = reader.nullable(R::integer)?,
            Field::Children => {
                self.answer.children = reader.nullable(Child::read_all)?.unwrap_or_default();
            }
            Field::Continuation => {
                let sequence = reader.nullable(R::text)?.filter(|digits| !digits.is_empty());
                self.answer.continuation = sequence.map(|digits| SequenceNumber::from(&*digits));
            }
        }
        self.seen |= field as u8;
        Ok(next)
    }
}

fn unreadable(at: usize, expected: &str) -> Error {
    Error::new(ErrorKind::Unavailable, format!("read the answer: {expected} expected at byte {at}"))
}
