//! How an example fails: with a sentence, not with a structure.

use std::error::Error;
use std::fmt;

/// Any error. `main` prints the debug form of what it returns, so that form is the error's own sentence.
pub struct Failure(Box<dyn Error>);

impl Failure {
    /// Creates a failure from a sentence.
    pub fn new(sentence: &str) -> Self {
        Self(sentence.into())
    }
}

impl<E: Error + 'static> From<E> for Failure {
    fn from(error: E) -> Self {
        Self(Box::new(error))
    }
}

impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}
