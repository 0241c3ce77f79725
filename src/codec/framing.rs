//! Several messages ↔ one record.

use std::fmt;

use bytes::{Bytes, BytesMut};

use crate::{BoxError, HashKey, Headers, Key};

/// How several messages share one record. A framing is shared by all keys of a sink, which opens a [`Frame`] for one after
/// the other.
///
/// # Example
///
/// ```
/// use headwater::codec::{Framing, Lines};
/// use headwater::{Headers, Key};
///
/// let key = Key::from("a");
/// let mut frame = Lines.open();
/// for item in ["first", "second"] {
///     Lines.accepts(item.as_bytes())?;
///     frame.push(&key, item.as_bytes(), &Headers::new());
/// }
/// let record = frame.finish();
/// assert_eq!(record, "first\nsecond\n");
/// assert_eq!(Lines.split(&record).parts[1].payload, "second");
/// # Ok::<(), headwater::BoxError>(())
/// ```
pub trait Framing: fmt::Debug + Send + Sync + 'static {
    /// Returns the name, for errors and logs.
    fn name(&self) -> &'static str;

    /// Tells whether a record can hold more than one message.
    fn joins(&self) -> bool;

    /// Tells whether a record keeps each message's own key. Where it does not, only messages of one key may share a
    /// record.
    fn carries_keys(&self) -> bool;

    /// Tells whether a record keeps each message's own headers. Where it does not, they are left out in silence, because
    /// what a message says is in its payload. Default: no.
    fn carries_headers(&self) -> bool {
        false
    }

    /// Returns the length at which a record of several messages is full where the sink's builder sets none, in bytes, as
    /// [`Frame::len_with`] counts. Default: 51,200, as the KPL has it.
    fn frame_size(&self) -> usize {
        51_200
    }

    /// Returns the key of a record that holds several messages with keys of their own: of the first, which lands at the
    /// hash key, and of others that land on the same shard. Default: the first one's. Only framings that carry keys are
    /// asked.
    fn shared_key(&self, first: &Key, hash_key: HashKey) -> Key {
        let _ = hash_key;
        first.clone()
    }

    /// Tells whether a record is its one message as it is, so that nothing need be copied. Default: no.
    fn is_identity(&self) -> bool {
        false
    }

    /// Tells whether a message with this payload can be framed so that a reader gets it back. A sink asks before
    /// each [`Frame::push`], so that one unfit message fails alone and never damages its neighbours.
    ///
    /// # Errors
    ///
    /// Why the payload cannot be framed. By default every payload can.
    fn accepts(&self, payload: &[u8]) -> Result<(), BoxError> {
        let _ = payload;
        Ok(())
    }

    /// Opens an empty frame.
    fn open(&self) -> Box<dyn Frame>;

    /// Completes records that frames of this framing have left [unsealed](Frame::finish_unsealed), all of them at once. Their
    /// lengths stay. Default: does nothing, because nothing is left out.
    fn seal(&self, records: &mut [BytesMut]) {
        let _ = records;
    }

    /// Takes a record apart, in time linear in its length. Never panics, whatever the bytes.
    fn split(&self, record: &Bytes) -> Split;
}

/// A record in the making.
///
/// # Example
///
/// ```
/// use headwater::codec::{Framing, Netstrings};
/// use headwater::{Headers, Key};
///
/// let (key, headers) = (Key::from("a"), Headers::new());
/// let mut frame = Netstrings.open();
/// assert_eq!(frame.len_with(&key, b"123", &headers), 6);
/// frame.push(&key, b"123", &headers);
/// assert_eq!(frame.count(), 1);
/// assert_eq!(frame.finish(), "3:123,");
/// assert_eq!(frame.count(), 0);
/// ```
pub trait Frame: Send {
    /// Returns the length of the record if a message were added to it: exactly, or the most that it can be where that shows
    /// only at its end. Takes constant time, whatever the frame already holds.
    fn len_with(&self, key: &Key, payload: &[u8], headers: &Headers) -> usize;

    /// Adds a message, which [`Framing::accepts`] has passed. A framing that does not join takes one message only, and one
    /// that carries no keys or no headers leaves them out.
    fn push(&mut self, key: &Key, payload: &[u8], headers: &Headers);

    /// Adds a message if the record is no longer than `longest` with it, and tells whether it did. A frame that works
    /// out a length and what it writes in one go need not do it twice.
    fn push_within(&mut self, longest: usize, key: &Key, payload: &[u8], headers: &Headers) -> bool {
        let fits = self.len_with(key, payload, headers) <= longest;
        if fits {
            self.push(key, payload, headers);
        }
        fits
    }

    /// Returns how many messages it holds.
    fn count(&self) -> usize;

    /// Ends the record and empties the frame, which may be used again.
    fn finish(&mut self) -> Bytes;

    /// Ends the record and empties the frame, but leaves to [`Framing::seal`] what takes less time for many records together,
    /// such as a digest. The record is as long as it will be.
    ///
    /// `None`, and the frame as it was, where nothing can be left: [`finish`](Self::finish) ends it then. Default: `None`.
    fn finish_unsealed(&mut self) -> Option<BytesMut> {
        None
    }
}

/// What a record came apart into.
///
/// # Example
///
/// ```
/// use headwater::codec::{Framing, Netstrings, Split};
///
/// let Split { parts, damaged } = Netstrings.split(&"3:one,3:tw".into());
/// assert_eq!(parts[0].payload, "one");
/// let (rest, cause) = damaged.expect("the second is cut short");
/// assert_eq!(rest, "3:tw");
/// println!("{cause}");
/// ```
#[derive(Debug, Default)]
pub struct Split {
    /// The messages, in order; slices of the record where the format allows.
    pub parts: Vec<Part>,
    /// The rest of a damaged record, from the first byte that could not be read, and why. The parts before it are
    /// good.
    pub damaged: Option<(Bytes, BoxError)>,
}

impl Split {
    /// Makes the split of a record that is one message, without a key or headers of its own.
    pub fn whole(record: &Bytes) -> Self {
        Self { parts: vec![Part::new(record.clone())], damaged: None }
    }

    /// Makes the split of a record that cannot be read at all.
    pub fn unreadable(record: &Bytes, cause: impl Into<BoxError>) -> Self {
        Self { parts: Vec::new(), damaged: Some((record.clone(), cause.into())) }
    }
}

/// One message of a record.
///
/// # Example
///
/// A framing that carries keys, `key=message`, reads one so:
///
/// ```
/// use bytes::Bytes;
/// use headwater::codec::Part;
///
/// let record = Bytes::from("customer-7=an order");
/// let at = record.iter().position(|byte| *byte == b'=').ok_or("no key")?;
/// let key = std::str::from_utf8(&record[..at])?;
/// let part = Part { key: Some(key.into()), ..Part::new(record.slice(at + 1..)) };
/// assert_eq!(part.payload, "an order");
/// assert_eq!(part.key.unwrap().partition_key(), "customer-7");
/// # Ok::<(), headwater::BoxError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// The message's bytes.
    pub payload: Bytes,
    /// Its own key, where the framing carries keys.
    pub key: Option<Key>,
    /// Its own headers, where the framing carries headers.
    pub headers: Headers,
}

impl Part {
    /// Creates a message without a key or headers of its own.
    pub fn new(payload: Bytes) -> Self {
        Self { payload, key: None, headers: Headers::new() }
    }
}
