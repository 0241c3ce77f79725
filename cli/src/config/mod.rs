//! The command line, with what a configuration file adds to it.
//!
//! ```text
//!   argv ──► clap ──► which command, which flags ──┐
//!                                                  ├─► argv with the file's flags spliced in ──► clap ──► Cli
//!   file ──► entries, each a key that is a flag ───┘
//! ```
//!
//! The file is TOML, with the names of the flags: those that every command takes at the top, those of a command in a table
//! of its name, such as `[tail]` or `[group.reset]`. A flag on the command line, or a variable of the environment that
//! stands for one, wins over the file, and so does one that the file's cannot be used with. What the file says is then
//! parsed as if it had been typed, so that nothing but clap knows what is right.

mod blame;
mod entry;
mod file;
mod keys;
mod refused;
mod splice;
mod value;

use std::ffi::OsString;

use clap::{ArgMatches, CommandFactory as _, FromArgMatches as _};

use crate::args::Cli;
use entry::Entry;
use file::ConfigFile;
pub(crate) use refused::Refused;

/// Reads the command line, and the configuration file that goes with it.
pub(crate) fn parse(argv: impl Iterator<Item = OsString>) -> Result<Cli, Refused> {
    let argv: Vec<OsString> = argv.collect();
    let typed = Cli::command().try_get_matches_from(&argv);
    // What is missing on the command line may be in the file. Help is given whatever that says.
    let understood = match &typed {
        Ok(matches) => matches.clone(),
        Err(_) => loose(&argv)?,
    };
    if understood.subcommand().is_none() {
        return Ok(Cli::from_arg_matches(&typed?)?);
    }
    let Some(file) = ConfigFile::find(&understood)? else {
        return Ok(Cli::from_arg_matches(&typed?)?);
    };
    let command = built();
    let entries = Entry::read_all(&file, &command)?;
    let added = splice::splice(&argv, &understood, &command, &entries);
    let matches = Cli::command()
        .try_get_matches_from(&added.argv)
        .map_err(|error| blame::blame(error, &file, &added.entries))?;
    Ok(Cli::from_arg_matches(&matches)?)
}

/// What can be understood of a command line, whatever is wrong with it.
fn loose(argv: &[OsString]) -> Result<ArgMatches, clap::Error> {
    Cli::command().ignore_errors(true).try_get_matches_from(argv)
}

/// The command with its global flags in every command.
fn built() -> clap::Command {
    let mut command = Cli::command();
    command.build();
    command
}
