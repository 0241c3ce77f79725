//! The one error of the workspace.

use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;

use crate::undelivered::Undelivered;

/// What is returned by everything in Headwater that can fail.
///
/// # Example
///
/// ```
/// use headwater::{Message, Result};
///
/// fn double(message: Message<u32>) -> Result<Message<u32>> {
///     message.try_map(|n| n.checked_mul(2).ok_or("too large"))
/// }
///
/// assert_eq!(*double(Message::new(21))?.payload(), 42);
/// let error = double(Message::new(u32::MAX)).unwrap_err();
/// assert_eq!(error.to_string(), "map message: too large");
/// # Ok::<(), headwater::Error>(())
/// ```
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Any error that can be sent between threads.
///
/// # Example
///
/// ```
/// use headwater::{BoxError, Message};
///
/// fn cents(euros: &str) -> Result<u64, BoxError> {
///     let euros: u64 = euros.parse()?;
///     Ok(euros.checked_mul(100).ok_or("more cents than can be counted")?)
/// }
///
/// assert_eq!(*Message::new("7").try_map(cents)?.payload(), 700);
/// assert!(Message::new("seven").try_map(cents).is_err());
/// # Ok::<(), headwater::Error>(())
/// ```
pub type BoxError = Box<dyn StdError + Send + Sync + 'static>;

/// An operation that failed: what kind of failure, what was being done to which thing, and the cause.
///
/// One type serves sources, stages and sinks, because `forward` needs the same error on both ends. It is one
/// pointer wide.
///
/// # Example
///
/// ```
/// use headwater::{Error, ErrorKind};
///
/// let error = Error::new(ErrorKind::Throttled, "put 500 records to \"orders\"").caused_by("slow down");
/// assert!(error.is_retryable());
/// assert_eq!(error.to_string(), "put 500 records to \"orders\": slow down");
/// ```
pub struct Error(Box<Inner>);

struct Inner {
    kind: ErrorKind,
    context: Cow<'static, str>,
    source: Option<BoxError>,
    undelivered: Vec<Undelivered>,
}

/// The kinds of failure that callers treat differently.
///
/// # Example
///
/// ```
/// use headwater::{Error, ErrorKind};
///
/// fn advice(error: &Error) -> &'static str {
///     match error.kind() {
///         ErrorKind::NotFound => "create the stream",
///         ErrorKind::AccessDenied => "look at the role's permissions",
///         kind if kind.is_retryable() => "wait",
///         _ => "look at the log",
///     }
/// }
///
/// let error = Error::new(ErrorKind::Throttled, "put 500 records to \"orders\"");
/// assert_eq!(advice(&error), "wait");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A setting, key, payload or argument is outside what is allowed. Never retried.
    Invalid,
    /// The stream, shard or row does not exist. Never retried.
    NotFound,
    /// Credentials are missing, wrong, expired, or lack the permission. Never retried.
    AccessDenied,
    /// The thing exists but is not in a state that allows the operation, as a stream that is still CREATING.
    NotReady,
    /// The service asked for a slower pace. Retried.
    Throttled,
    /// The service or the connection failed; nothing says that the request was wrong. Retried.
    Unavailable,
    /// No answer came in time. Retried; the operation may have been applied.
    Timeout,
    /// A message could not be turned into bytes.
    Encode,
    /// Bytes could not be turned into messages.
    Decode,
    /// A message was dropped without an ack.
    Abandoned,
    /// The worker no longer holds the lease of the shard.
    LeaseLost,
    /// Records were removed before they were read, as by retention.
    Gap,
    /// A conditional write found another state than it expected.
    Conflict,
    /// A checkpoint store failed.
    Store,
    /// Messages could not be delivered; [`Error::into_undelivered`] returns them.
    Undelivered,
    /// The sink, source or pipeline was closed before.
    Closed,
    /// A user's own function or stage failed.
    Stage,
}

impl ErrorKind {
    /// Tells whether the same operation may succeed when tried again.
    pub fn is_retryable(self) -> bool {
        matches!(self, Self::Throttled | Self::Unavailable | Self::Timeout)
    }
}

impl Error {
    /// Creates an error from its kind and its context: the operation and its subject, in lower case.
    pub fn new(kind: ErrorKind, context: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new(Inner { kind, context: context.into(), source: None, undelivered: Vec::new() }))
    }

    /// Names the cause.
    pub fn caused_by(mut self, source: impl Into<BoxError>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// Puts an outer operation in front of the context: `outer: context`.
    ///
    /// # Example
    ///
    /// ```
    /// use headwater::{Error, ErrorKind};
    ///
    /// let error = Error::new(ErrorKind::NotFound, "open shardId-000000000007").during("read \"orders\"");
    /// assert_eq!(error.to_string(), "read \"orders\": open shardId-000000000007");
    /// assert_eq!(error.kind(), ErrorKind::NotFound);
    /// ```
    pub fn during(mut self, outer: impl fmt::Display) -> Self {
        self.0.context = format!("{outer}: {}", self.0.context).into();
        self
    }

    /// Adds the messages that the failed operation could not deliver.
    ///
    /// # Example
    ///
    /// A sink that is closed hands the message back:
    ///
    /// ```
    /// use headwater::{Delivery, Error, ErrorKind, Message, Undelivered};
    ///
    /// # let message = Message::new("an order".into());
    /// let error = Error::new(ErrorKind::Closed, "send to \"orders\": the sink is closed");
    /// let handed_back = Undelivered::new(message, error.restate(), Delivery::NotStored);
    /// let error = error.carrying(vec![handed_back]);
    /// assert_eq!(error.undelivered_len(), 1);
    /// ```
    pub fn carrying(mut self, undelivered: Vec<Undelivered>) -> Self {
        self.0.undelivered = undelivered;
        self
    }

    /// Returns the kind of failure.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Tells whether the same operation may succeed when tried again: throttling, 5xx, timeouts and connection
    /// faults.
    pub fn is_retryable(&self) -> bool {
        self.0.kind.is_retryable()
    }

    /// Returns the messages that could not be delivered, each once, in the form in which the sink got them,
    /// each still owning its ack. Empty unless a sink ended with this error.
    ///
    /// # Example
    ///
    /// ```
    /// use futures::SinkExt;
    /// use headwater::{ErrorKind, MemoryStream, Message};
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> headwater::Result<()> {
    /// # let (orders, dead_letters) = (MemoryStream::new("orders", 1), MemoryStream::new("dead-letters", 1));
    /// # orders.faults().fail_puts(1, ErrorKind::AccessDenied);
    /// let (mut sink, mut dead_sink) = (orders.sink(), dead_letters.sink());
    /// if let Err(error) = sink.send(Message::keyed("an order".into(), "customer-7")).await {
    ///     for undelivered in error.into_undelivered() {
    ///         dead_sink.send(undelivered.into_message()).await?; // acks it, once it is stored there
    ///     }
    /// }
    /// assert_eq!(dead_letters.records()[0].payload, "an order");
    /// # Ok(())
    /// # }
    /// ```
    pub fn into_undelivered(self) -> Vec<Undelivered> {
        self.0.undelivered
    }

    /// Returns the messages that could not be delivered, as [`into_undelivered`](Self::into_undelivered) does, and leaves
    /// them where they are.
    pub fn undelivered(&self) -> &[Undelivered] {
        &self.0.undelivered
    }

    /// Returns the number of undelivered messages that this error carries.
    pub fn undelivered_len(&self) -> usize {
        self.0.undelivered.len()
    }

    /// Copies kind and text, leaving the cause as text and the undelivered messages behind, so that one failure
    /// can be told to many.
    ///
    /// # Example
    ///
    /// ```
    /// use headwater::{Error, ErrorKind};
    ///
    /// let error = Error::new(ErrorKind::Unavailable, "fetch from \"orders\"").caused_by("connection reset");
    /// let told = [error.restate(), error.restate()];
    /// assert!(told.iter().all(|told| told.kind() == error.kind() && told.to_string() == error.to_string()));
    /// ```
    pub fn restate(&self) -> Self {
        Self::new(self.0.kind, self.to_string())
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.context)?;
        // The whole chain in one line: an operator reads a log line, not a tree.
        let mut cause = self.0.source.as_ref().map(|source| &**source as &dyn StdError);
        while let Some(error) = cause {
            write!(f, ": {error}")?;
            // A nested `Error` has printed its own chain.
            cause = if error.is::<Self>() { None } else { error.source() };
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("Error");
        debug.field("kind", &self.0.kind).field("message", &self.to_string());
        if !self.0.undelivered.is_empty() {
            debug.field("undelivered", &self.0.undelivered.len());
        }
        debug.finish()
    }
}

// The cause is part of the text already, so `source` stays empty: error reporters that print the chain would
// otherwise print it twice.
impl StdError for Error {}

/// Writes a number with its noun, which is in the plural but for one.
pub(crate) fn count(number: usize, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_whole_chain_reads_as_one_line() {
        let inner = Error::new(ErrorKind::Unavailable, "connect to 127.0.0.1:1").caused_by("refused");
        let outer = Error::new(ErrorKind::Store, "commit \"app\"").caused_by(inner);
        assert_eq!(outer.to_string(), "commit \"app\": connect to 127.0.0.1:1: refused");
    }

    #[test]
    fn an_error_is_one_pointer_wide() {
        assert_eq!(size_of::<Error>(), size_of::<usize>());
    }

    #[test]
    fn only_throttling_outage_and_timeout_are_retried() {
        let retried = [ErrorKind::Throttled, ErrorKind::Unavailable, ErrorKind::Timeout];
        assert!(retried.into_iter().all(ErrorKind::is_retryable));
        let fatal = [ErrorKind::Invalid, ErrorKind::NotFound, ErrorKind::AccessDenied, ErrorKind::LeaseLost];
        assert!(!fatal.into_iter().any(ErrorKind::is_retryable));
    }
}
