//! What every command is given.

use crate::failure::Failure;
use crate::globals::Globals;
use crate::logging;
use crate::stop::Stop;

/// What every command is given: the global flags, and the wish to stop.
#[derive(Clone, Debug)]
pub(crate) struct Context {
    pub(crate) globals: Globals,
    pub(crate) stop: Stop,
}

impl Context {
    /// Begins to log and to listen for signals.
    pub(crate) fn new(globals: Globals) -> Result<Self, Failure> {
        logging::start(globals.verbose)?;
        Ok(Self { globals, stop: Stop::on_signals()? })
    }
}
