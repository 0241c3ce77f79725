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

/// What the SDK says before the cause, to those who know its parts.
const PARTS: [&str; 5] =
    ["dispatch failure: ", "io error: ", "client error (Connect): ", "other: ", "timeout error: "];
/// How the list begins of all the places where the SDK looked for credentials.
const LOOKED: &str = "no credentials found in chain";
/// What is said in its place.
const NO_CREDENTIALS: &str = "no credentials were found: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, \
     a --profile or a role give them; `headwater doctor` tells where they were looked for";

/// An error and its causes in one line, for people: none of them told twice, and none of the layers between.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    plain(&causes(error))
}

/// An error and its causes as they tell of themselves, none of them told twice.
pub(crate) fn causes(error: &dyn std::error::Error) -> String {
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

/// The same without what only a developer of the SDK has use for, and without the end of its last sentence.
fn plain(message: &str) -> String {
    let mut plain = PARTS.iter().fold(message.to_owned(), |message, part| message.replace(part, ""));
    if let Some(looked) = plain.find(LOOKED) {
        let begin = plain[..looked].trim_end_matches("the credential provider was not enabled: ").len();
        plain.replace_range(begin.., NO_CREDENTIALS);
    }
    plain.trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn who_has_no_credentials_is_told_where_they_come_from_in_one_line() {
        let told = "list streams: dispatch failure: other: the credential provider was not enabled: \
                    no credentials found in chain. Attempted:\n  Environment: not set\n  Profile: not set";
        let plain = plain(told);
        assert!(plain.starts_with("list streams: no credentials were found: "), "{plain}");
        assert!(plain.contains("--profile") && !plain.contains('\n'), "{plain}");
    }

    #[test]
    fn an_endpoint_that_nobody_answers_at_is_told_without_the_layers_between() {
        let told = "describe: dispatch failure: io error: client error (Connect): tcp connect error: \
                    Connection refused (os error 111)";
        assert_eq!(plain(told), "describe: tcp connect error: Connection refused (os error 111)");
        assert_eq!(plain("Stream s not found."), "Stream s not found");
    }
}
