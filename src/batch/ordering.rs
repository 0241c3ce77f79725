//! What order a sink keeps, and what it does when it cannot.

/// What order a sink keeps among the messages that it accepts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Ordering {
    /// Messages of one key (partition key and explicit hash key together) are first stored in the order in which
    /// they were accepted, through throttling, partial failure and retry. Messages without a key have no order.
    ///
    /// A service that promises no order inside a request or between two leaves one way: a key has at most one
    /// unsettled entry. Without a framing that joins messages, one key then moves one message per round trip.
    #[default]
    PerKey,
    /// No order at all: a key may have any number of entries in flight.
    None,
}

/// What becomes of the later messages of a key after one of them failed for good, under [`Ordering::PerKey`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum OnKeyFailure {
    /// The later messages of the key that were accepted by then are handed back too, so that sending all of them
    /// again keeps their order.
    #[default]
    HandBack,
    /// The later messages of the key are sent as if nothing had happened.
    Continue,
}
