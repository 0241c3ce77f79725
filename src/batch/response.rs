//! An answer: what became of each entry of a request.

use std::fmt;

use crate::{Error, ErrorKind, Result, SequenceNumber, ShardId};

/// What became of each entry of a request, in the request's order.
///
/// # Example
///
/// ```
/// use headwater::batch::{BatchResponse, Stored};
///
/// let stored = Stored { shard: "shardId-000000000000".into(), sequence: "1".into() };
/// let response = BatchResponse::new(vec![Ok(stored)]);
/// assert_eq!(response.outcomes().len(), 1);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BatchResponse {
    outcomes: Vec<Result<Stored, Refused>>,
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
        Self { outcomes }
    }

    /// Returns what became of each entry.
    pub fn outcomes(&self) -> &[Result<Stored, Refused>] {
        &self.outcomes
    }

    /// Takes the outcomes out, if they are as many as the entries of the request.
    pub(super) fn for_entries(self, entries: usize) -> Result<Vec<Result<Stored, Refused>>> {
        if self.outcomes.len() == entries {
            return Ok(self.outcomes);
        }
        // Which outcome belongs to which entry cannot be known, so none of them is believed.
        let context = format!(
            "read an answer about {} of {entries}: one for each entry is needed",
            self.outcomes.len()
        );
        Err(Error::new(ErrorKind::Unavailable, context))
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
