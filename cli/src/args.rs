//! The command line as a whole.

use clap::Parser;

use crate::commands::Command;
use crate::globals::Globals;

/// What was asked for.
#[derive(Debug, Parser)]
#[command(
    name = "headwater",
    version,
    about = "Kinesis streams from the command line: put, tail, relay, and look after what reads them",
    after_help = EXIT_CODES,
    max_term_width = 100,
    propagate_version = true,
    subcommand_required = true,
    arg_required_else_help = true
)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) globals: Globals,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What the exit codes mean, below every help.
pub(crate) const EXIT_CODES: &str = "\
Exit codes: 0 done · 1 failed · 2 wrong usage · 3 partly delivered · 130 stopped by Ctrl-C";
