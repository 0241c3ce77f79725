//! What histograms tell apart.

/// From a call within a data centre to one that was waited for in vain.
const SECONDS: &[f64] = &[0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];

/// A request holds 500 records at most, a record any number of messages.
const COUNTS: &[f64] = &[1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1_000.0, 5_000.0];

/// The buckets of histograms, by the endings of their names.
pub(crate) const BY_ENDING: [(&str, &[f64]); 3] =
    [("_seconds", SECONDS), ("_records", COUNTS), ("_messages", COUNTS)];
