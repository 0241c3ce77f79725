//! What becomes of poison.

use clap::ValueEnum;

use crate::commands::relay::RelayArgs;
use crate::failure::Failure;

/// What becomes of a message that cannot be decoded, mapped or encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum OnError {
    /// The relay ends before it
    Fail,
    /// It is left out, and counted
    Skip,
    /// It goes to --dead-letter
    DeadLetter,
}

impl OnError {
    /// What was asked for, or follows from the other flags.
    pub(super) fn of(args: &RelayArgs) -> Result<Self, Failure> {
        match (args.on_error, &args.dead_letter) {
            (Some(Self::DeadLetter), None) => Err(Failure::usage(
                "--on-error dead-letter: --dead-letter is missing: name the stream or the file",
            )),
            (Some(chosen), _) => Ok(chosen),
            (None, Some(_)) => Ok(Self::DeadLetter),
            (None, None) => Ok(Self::Fail),
        }
    }

    /// Its name in metrics.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Fail => "fail",
            Self::Skip => "skip",
            Self::DeadLetter => "divert",
        }
    }
}
