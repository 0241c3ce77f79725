//! What everything here returns.

use std::error;

/// Why a benchmark could not be done: a sentence that names what was done to what.
pub type Error = Box<dyn error::Error + Send + Sync>;

/// What everything here returns.
pub type Outcome<T = ()> = Result<T, Error>;

/// Says during what an error came, with all of its causes: the SDK's own first line is `service error`.
pub(crate) fn during<E: error::Error>(what: impl std::fmt::Display) -> impl FnOnce(E) -> Error {
    move |error| {
        let mut told = format!("{what}: {error}");
        let mut cause = error.source();
        while let Some(next) = cause {
            let more = next.to_string();
            if !told.contains(&more) {
                told = format!("{told}: {more}");
            }
            cause = next.source();
        }
        told.into()
    }
}
