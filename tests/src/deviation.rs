//! Where the servers are known to differ from AWS.

use crate::server::Server;

/// One row of the conformance suite that one server is known to fail.
#[derive(Clone, Copy, Debug)]
pub struct Deviation {
    /// Who differs.
    pub server: Server,
    /// The row of the conformance suite, by its name.
    pub row: &'static str,
    /// What happens when the row runs.
    pub effect: Effect,
    /// What the server does instead of what AWS does.
    pub instead: &'static str,
}

/// What happens when a row runs against a server that deviates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// The row fails with a message that contains this text. The suite runs it, and fails once it passes, so that
    /// this table names nothing that is no longer so.
    Fails(&'static str),
    /// The server crashes, so that the row is not run.
    Crashes,
    /// The server never answers, so that the row is not run.
    Hangs,
}

impl Deviation {
    /// The deviation of `server` from `row`, if it has one.
    pub fn of(server: Server, row: &str) -> Option<&'static Self> {
        DEVIATIONS.iter().find(|deviation| deviation.server == server && deviation.row == row)
    }
}

/// Every known deviation. No test knows of any other.
pub const DEVIATIONS: &[Deviation] = &[];
