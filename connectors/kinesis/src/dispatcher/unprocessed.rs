//! A payload that could not be delivered.

use std::fmt;

use headwater::{Delivery, Error, Undelivered};

/// A payload that a [`Dispatcher`](crate::Dispatcher) could not deliver: the very value that was submitted, with the
/// reason.
///
/// [`submit`](crate::Dispatcher::submit) returns one as its error, where a payload can never be sent;
/// [`flush`](crate::Dispatcher::flush) and [`close`](crate::Dispatcher::close) return the others. With `?` it becomes a
/// [`headwater::Error`], which tells the reason and drops the payload.
///
/// # Example
///
/// ```
/// use headwater::{Delivery, ErrorKind};
/// use headwater_kinesis::{Dispatcher, KinesisSink, codec};
/// # use headwater_local::{ErrorCode, Fault, Faults, LocalKinesis};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let local = LocalKinesis::builder().stream("orders", 1).build();
/// # let fault = Fault::fail_entries(ErrorCode::ProvisionedThroughputExceeded).times(1);
/// # local.faults().set(Faults::seeded(1).add(fault));
/// let sink = KinesisSink::builder("orders").retry_limit(0);
/// # let sink = sink.client(local.client());
/// let mut dispatcher = Dispatcher::over(sink, codec::json()).connect().await?;
/// dispatcher.submit(vec![7, 8]).await?;
/// for unprocessed in dispatcher.flush().await {
///     assert_eq!(unprocessed.reason().kind(), ErrorKind::Throttled);
///     match unprocessed.delivery() {
///         Delivery::NotStored => dispatcher.submit(unprocessed.into_payload()).await?,
///         Delivery::Unknown => eprintln!("may be stored: {:?}", unprocessed.payload()),
///     }
/// }
/// assert!(dispatcher.close().await.is_empty());
/// # assert_eq!(local.records("orders")?[0].data, "[7,8]");
/// # Ok(())
/// # }
/// ```
#[must_use = "a payload that is dropped here is lost"]
pub struct Unprocessed<T> {
    payload: T,
    reason: Error,
    delivery: Delivery,
}

impl<T> Unprocessed<T> {
    /// Pairs a payload that was never sent with the reason.
    pub(super) fn refused(payload: T, reason: &Error) -> Self {
        // The error may carry the payload once more, as bytes.
        Self { payload, reason: reason.restate(), delivery: Delivery::NotStored }
    }

    /// Pairs a payload with what its receipt says.
    pub(super) fn undelivered(payload: T, told: Error) -> Self {
        let reason = told.restate();
        // Where the sink's task is gone nobody knows.
        let delivery = told.into_undelivered().first().map_or(Delivery::Unknown, Undelivered::delivery);
        Self { payload, reason, delivery }
    }

    /// Returns the payload.
    pub fn payload(&self) -> &T {
        &self.payload
    }

    /// Returns why it was not delivered.
    pub fn reason(&self) -> &Error {
        &self.reason
    }

    /// Tells whether it may be stored all the same.
    pub fn delivery(&self) -> Delivery {
        self.delivery
    }

    /// Takes the payload out, to be submitted again or sent elsewhere.
    pub fn into_payload(self) -> T {
        self.payload
    }
}

impl<T> From<Unprocessed<T>> for Error {
    fn from(unprocessed: Unprocessed<T>) -> Self {
        unprocessed.reason
    }
}

impl<T> fmt::Display for Unprocessed<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.reason.fmt(f)
    }
}

/// Names reason and delivery, and not the payload, which may be large or secret.
impl<T> fmt::Debug for Unprocessed<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Unprocessed")
            .field("reason", &self.reason)
            .field("delivery", &self.delivery)
            .finish_non_exhaustive()
    }
}

impl<T> std::error::Error for Unprocessed<T> {}
