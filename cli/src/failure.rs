//! Why a command failed, and how that is told.

use std::fmt;
use std::io;
use std::process::ExitCode;

use anstream::eprintln;
use anstyle::{AnsiColor, Style};

/// Why a command failed: one line that names what is wrong and the way out.
#[derive(Debug)]
pub(crate) enum Failure {
    /// A flag or an argument is wrong: 2.
    Usage(String),
    /// It did not work: 1.
    Failed(String),
    /// Who reads the output has gone, which is no failure: 0.
    BrokenPipe,
}

impl Failure {
    /// Says that a flag or an argument is wrong, and what would be right.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::Usage(message.into())
    }

    /// Says what did not work.
    pub(crate) fn failed(message: impl Into<String>) -> Self {
        Self::Failed(message.into())
    }

    /// Says during what an I/O error came.
    pub(crate) fn io(what: impl fmt::Display) -> impl FnOnce(io::Error) -> Self {
        move |error| match error.kind() {
            io::ErrorKind::BrokenPipe => Self::BrokenPipe,
            _ => Self::Failed(format!("{what}: {error}")),
        }
    }

    /// Prints it, and returns the code for the shell.
    pub(crate) fn tell(&self) -> ExitCode {
        let (message, code) = match self {
            Self::Usage(message) => (message, 2),
            Self::Failed(message) => (message, 1),
            Self::BrokenPipe => return ExitCode::SUCCESS,
        };
        let style = Style::new().bold().fg_color(Some(AnsiColor::Red.into()));
        eprintln!("{style}error:{style:#} {message}");
        ExitCode::from(code)
    }
}

impl From<headwater::Error> for Failure {
    fn from(error: headwater::Error) -> Self {
        Self::Failed(chain(&error))
    }
}

/// An error and its causes in one line, none of them told twice.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut message = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        let told = next.to_string();
        if !message.contains(&told) {
            message = format!("{message}: {told}");
        }
        cause = next.source();
    }
    message
}
