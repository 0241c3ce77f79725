//! What every command is given.

use crate::failure::Failure;
use crate::globals::Globals;
use crate::logging;
use crate::seeing::Recent;
use crate::stop::Stop;

/// What every command is given: the global flags, the wish to stop, and what was told of late.
#[derive(Clone, Debug)]
pub(crate) struct Context {
    pub(crate) globals: Globals,
    pub(crate) stop: Stop,
    pub(crate) recent: Recent,
}

impl Context {
    /// Begins to log and to listen for signals.
    pub(crate) fn new(globals: Globals) -> Result<Self, Failure> {
        let recent = Recent::default();
        logging::start(globals.verbose, &recent)?;
        Ok(Self { globals, stop: Stop::on_signals()?, recent })
    }
}
