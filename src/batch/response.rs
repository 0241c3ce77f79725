//! An answer: what became of each entry of a request.

use std::fmt;
use std::sync::OnceLock;

use crate::{Error, ErrorKind, Result, SequenceNumber, ShardId};

/// How long a shard's name and a sequence number of Kinesis are together.
const TEXT_EACH: usize = 76;

/// What became of each entry of a request, in the request's order.
///
/// A service that answers for many entries builds it entry by entry: what is stored then costs no allocation of its
/// own, and a [`Stored`] is made only where somebody asks for it.
///
/// # Example
///
/// ```
/// use headwater::batch::{BatchResponse, Stored};
///
/// let stored = Stored { shard: "shardId-000000000000".into(), sequence: "1".into() };
/// let response = BatchResponse::new(vec![Ok(stored)]);
/// assert_eq!(response.outcomes().len(), 1);
///
/// let mut built = BatchResponse::with_capacity(1);
/// built.push_stored("shardId-000000000000", "1");
/// assert_eq!(built, response);
/// ```
#[derive(Clone)]
pub struct BatchResponse {
    /// Shard and sequence number of each stored entry, one after the other.
    text: String,
    places: Vec<Place>,
    refused: Vec<Refused>,
    /// What `outcomes` returns, made when it is first asked for.
    outcomes: OnceLock<Vec<Result<Stored, Refused>>>,
}

/// Where an answer keeps what it says of an entry.
#[derive(Clone, Copy)]
enum Place {
    /// In the text: the shard from `start`, the sequence number from `sequence` to `end`.
    Stored { start: usize, sequence: usize, end: usize },
    /// Among the refused.
    Refused(usize),
}

/// Where an entry is stored, as an answer keeps it.
#[derive(Clone, Copy)]
pub(super) struct Landing<'a> {
    pub(super) shard: &'a str,
    pub(super) sequence: &'a str,
}

/// Where an entry is stored.
///
/// # Example
///
/// ```
/// use headwater::MemoryStream;
/// use headwater::batch::{Batch, Entry, Stored};
/// use tower::ServiceExt;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> headwater::Result<()> {
/// let stream = MemoryStream::new("orders", 1);
/// let response = stream.clone().oneshot(Batch::new(vec![Entry::new("an order", "customer-7")])).await?;
///
/// let record = &stream.records()[0];
/// let stored = Stored { shard: record.shard.clone(), sequence: record.sequence.clone() };
/// assert_eq!(response.outcomes(), [Ok(stored)]);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// The shard.
    pub shard: ShardId,
    /// The sequence number.
    pub sequence: SequenceNumber,
}

/// Why an entry is not stored.
///
/// # Example
///
/// A service says what its codes mean:
///
/// ```
/// use headwater::ErrorKind;
/// use headwater::batch::Refused;
///
/// fn refused(code: &str, message: &str) -> Refused {
///     let kind = match code {
///         "ProvisionedThroughputExceededException" => ErrorKind::Throttled,
///         "InternalFailure" => ErrorKind::Unavailable,
///         _ => ErrorKind::Invalid,
///     };
///     Refused { code: code.to_owned(), message: message.to_owned(), kind }
/// }
///
/// let refused = refused("InternalFailure", "try later");
/// assert!(refused.kind.is_retryable());
/// assert_eq!(refused.to_string(), "InternalFailure: try later");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The service's error code.
    pub code: String,
    /// The service's own words.
    pub message: String,
    /// What kind of failure the code means. A retryable kind sends this entry again; any other hands it back. After
    /// `Unavailable` and `Timeout` the entry may be stored all the same.
    pub kind: ErrorKind,
}

impl BatchResponse {
    /// Creates an answer.
    pub fn new(outcomes: Vec<Result<Stored, Refused>>) -> Self {
        let mut response = Self::with_capacity(outcomes.len());
        for outcome in outcomes {
            match outcome {
                Ok(stored) => response.push_stored(stored.shard.as_str(), stored.sequence.as_str()),
                Err(refused) => response.push_refused(refused),
            }
        }
        response
    }

    /// Creates an answer that says nothing yet, with room for what is to be said of so many entries.
    pub fn with_capacity(entries: usize) -> Self {
        Self {
            text: String::with_capacity(entries * TEXT_EACH),
            places: Vec::with_capacity(entries),
            refused: Vec::new(),
            outcomes: OnceLock::new(),
        }
    }

    /// Says of the next entry that it is stored.
    pub fn push_stored(&mut self, shard: &str, sequence: &str) {
        let start = self.text.len();
        self.text.push_str(shard);
        self.text.push_str(sequence);
        self.push(Place::Stored { start, sequence: start + shard.len(), end: self.text.len() });
    }

    /// Says of the next entry that it is not stored, and why.
    pub fn push_refused(&mut self, refused: Refused) {
        self.refused.push(refused);
        self.push(Place::Refused(self.refused.len() - 1));
    }

    /// Returns of how many entries it speaks.
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Tells whether it speaks of none.
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// Returns what became of each entry.
    pub fn outcomes(&self) -> &[Result<Stored, Refused>] {
        self.outcomes.get_or_init(|| {
            self.each().map(|outcome| outcome.map(Landing::to_stored).map_err(Clone::clone)).collect()
        })
    }

    /// Goes through what became of each entry, and makes nothing.
    pub(super) fn each(&self) -> impl Iterator<Item = Result<Landing<'_>, &Refused>> {
        self.places.iter().map(|&place| match place {
            Place::Stored { start, sequence, end } => {
                Ok(Landing { shard: &self.text[start..sequence], sequence: &self.text[sequence..end] })
            }
            Place::Refused(nth) => Err(&self.refused[nth]),
        })
    }

    /// Returns why entries are not stored, in order.
    pub(super) fn refused(&self) -> &[Refused] {
        &self.refused
    }

    /// Returns the answer if it speaks of as many entries as the request has.
    pub(super) fn for_entries(self, entries: usize) -> Result<Self> {
        if self.places.len() == entries {
            return Ok(self);
        }
        // Which outcome belongs to which entry cannot be known, so none of them is believed.
        let context =
            format!("read an answer about {} of {entries}: one for each entry is needed", self.places.len());
        Err(Error::new(ErrorKind::Unavailable, context))
    }

    fn push(&mut self, place: Place) {
        self.places.push(place);
        self.outcomes.take();
    }
}

impl Landing<'_> {
    pub(super) fn to_stored(self) -> Stored {
        Stored { shard: self.shard.into(), sequence: self.sequence.into() }
    }
}

impl Stored {
    pub(super) fn landing(&self) -> Landing<'_> {
        Landing { shard: self.shard.as_str(), sequence: self.sequence.as_str() }
    }
}

impl PartialEq for BatchResponse {
    fn eq(&self, other: &Self) -> bool {
        self.outcomes() == other.outcomes()
    }
}

impl Eq for BatchResponse {}

impl fmt::Debug for BatchResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BatchResponse").field("outcomes", &self.outcomes()).finish()
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.code)?;
        if !self.message.is_empty() {
            write!(f, ": {}", self.message)?;
        }
        Ok(())
    }
}

impl std::error::Error for Refused {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_pushed_is_what_is_told_and_in_its_order() {
        let refused = |code: &str| Refused {
            code: code.to_owned(),
            message: String::new(),
            kind: ErrorKind::Throttled,
        };
        let stored = |shard: &str, sequence: &str| Stored { shard: shard.into(), sequence: sequence.into() };
        let mut response = BatchResponse::with_capacity(1);
        response.push_refused(refused("first"));
        response.push_stored("shard-1", "12");
        assert_eq!(response.outcomes().len(), 2);
        response.push_stored("", "");
        response.push_refused(refused("last"));
        let told =
            [Err(refused("first")), Ok(stored("shard-1", "12")), Ok(stored("", "")), Err(refused("last"))];
        assert_eq!(response.outcomes(), told);
        assert_eq!(BatchResponse::new(told.to_vec()), response);
        assert!(response.for_entries(3).is_err());
    }
}
