//! Why there is nothing to run.

use std::process::ExitCode;

use crate::failure::Failure;

/// Why there is nothing to run: help was asked for, or something is wrong.
#[derive(Debug)]
pub(crate) enum Refused {
    /// What clap says, help included.
    Clap(Box<clap::Error>),
    /// What is wrong with the configuration file.
    File(Failure),
}

impl Refused {
    /// Prints it, and returns the code for the shell.
    pub(crate) fn tell(&self) -> ExitCode {
        match self {
            Self::Clap(error) => {
                // Nobody is left to tell.
                let _ = error.print();
                ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2))
            }
            Self::File(failure) => failure.tell(),
        }
    }
}

impl From<clap::Error> for Refused {
    fn from(error: clap::Error) -> Self {
        Self::Clap(Box::new(error))
    }
}

impl From<Failure> for Refused {
    fn from(failure: Failure) -> Self {
        Self::File(failure)
    }
}
