//! Where measurements go.

use metrics::Recorder;
use metrics_util::layers::FanoutBuilder;

use crate::failure::Failure;

/// What measurements are told to: each exporter that was asked for adds a recorder, and all of them get all.
#[derive(Debug, Default)]
pub(crate) struct Recorders {
    added: Option<FanoutBuilder>,
}

impl Recorders {
    /// Adds one.
    pub(crate) fn add(&mut self, recorder: impl Recorder + Sync + 'static) {
        self.added = Some(self.added.take().unwrap_or_default().add_recorder(recorder));
    }

    /// Has all of them told from now on. Where there are none nothing is installed, and measuring costs nothing.
    pub(crate) fn install(self) -> Result<(), Failure> {
        let Some(added) = self.added else { return Ok(()) };
        metrics::set_global_recorder(added.build())
            .map_err(|error| Failure::failed(format!("begin to measure: {error}")))
    }
}
