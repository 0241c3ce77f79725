//! How a pipeline is.

use futures::FutureExt as _;

use crate::failure::chain;
use crate::seeing::pipeline::{Parts, Pipeline};

/// How a pipeline is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Health {
    /// It is being built, or a source has no place to read from yet: which one.
    Starting(String),
    /// All of it runs.
    Running,
    /// It was asked to stop, or has read all that it was to read, and delivers what it has.
    Ending,
    /// A source has failed: why.
    Failed(String),
}

impl Health {
    /// Looks at all of a pipeline.
    pub(crate) fn of(pipeline: &Pipeline) -> Self {
        let Parts { sources, sinks } = pipeline.parts();
        let mut starting = sources.is_empty() && sinks.is_empty();
        let mut waiting_for = String::new();
        let mut ended = 0;
        for (stream, control) in &sources {
            // What the one waits for is there already, or it is not.
            match control.finished().now_or_never() {
                Some(Err(error)) => return Self::Failed(chain(&error)),
                Some(Ok(())) => ended += 1,
                None if control.ready().now_or_never().is_none() => {
                    starting = true;
                    waiting_for = format!("\"{stream}\" has no place to read from yet");
                }
                None => {}
            }
        }
        if pipeline.stop.is_asked() || (ended > 0 && ended == sources.len()) {
            Self::Ending
        } else if starting {
            Self::Starting(waiting_for)
        } else {
            Self::Running
        }
    }

    /// Its name.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Starting(_) => "starting",
            Self::Running => "running",
            Self::Ending => "ending",
            Self::Failed(_) => "failed",
        }
    }

    /// What there is to say of it, or nothing.
    pub(crate) fn reason(&self) -> &str {
        match self {
            Self::Starting(reason) | Self::Failed(reason) => reason,
            Self::Running | Self::Ending => "",
        }
    }
}
