//! What is told, as it is found.

use std::io::{self, Write as _};

use anstream::AutoStream;
use anstyle::{AnsiColor, Style};
use clap::ValueEnum;
use serde_json::json;

use crate::commands::doctor::check::{Check, Verdict};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::stdout;

/// How the checks are told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Output {
    /// A line for each check, and one for each remedy
    #[default]
    Text,
    /// A JSON object for each check
    Json,
}

/// Tells each check at once, and remembers whether any was a finding.
#[derive(Debug)]
pub(crate) struct Report {
    output: Output,
    findings: usize,
}

impl Report {
    pub(crate) fn new(output: Output) -> Self {
        Self { output, findings: 0 }
    }

    /// Tells a check.
    pub(crate) fn add(&mut self, check: &Check) -> Result<(), Failure> {
        self.findings += usize::from(check.verdict == Verdict::Finding);
        let mut stdout = AutoStream::auto(io::stdout().lock());
        let told = match self.output {
            Output::Text => stdout.write_all(text(check).as_bytes()),
            Output::Json => writeln!(stdout, "{}", json(check)),
        };
        told.and_then(|()| stdout.flush()).map_err(Failure::io(stdout::WRITE))
    }

    /// Tells several.
    pub(crate) fn add_all(&mut self, checks: impl IntoIterator<Item = Check>) -> Result<(), Failure> {
        checks.into_iter().try_for_each(|check| self.add(&check))
    }

    /// How it ended.
    pub(crate) fn exit(&self) -> Exit {
        match self.findings {
            0 => Exit::Done,
            _ => Exit::Found,
        }
    }
}

fn text(check: &Check) -> String {
    let (word, colour) = match check.verdict {
        Verdict::Ok => ("ok", AnsiColor::Green),
        Verdict::Finding => ("finding", AnsiColor::Red),
        Verdict::NotChecked => ("not checked", AnsiColor::Yellow),
    };
    let style = Style::new().bold().fg_color(Some(colour.into()));
    let told = format!("{style}{word:<11}{style:#} {}: {}\n", check.name, check.told);
    match &check.remedy {
        Some(remedy) => format!("{told}{:<11} do: {remedy}\n", ""),
        None => told,
    }
}

fn json(check: &Check) -> serde_json::Value {
    let Check { name, verdict, told, remedy } = check;
    json!({ "check": name, "verdict": verdict, "told": told, "remedy": remedy })
}
