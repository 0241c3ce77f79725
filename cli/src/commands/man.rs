//! `headwater man`.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use clap::{Args, Command, CommandFactory as _};
use clap_mangen::Man;

use crate::args::Cli;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::stdout;

const EXAMPLES: &str = "\
Examples:
  headwater man | man -l -
  headwater man relay | man -l -
  headwater man --out ~/.local/share/man/man1";

/// Prints the manual page, or that of a command
#[derive(Args, Clone, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct ManArgs {
    /// The command, such as relay, or group reset
    #[arg(value_name = "COMMAND")]
    command: Vec<String>,
    /// Write the pages of all commands into this directory instead
    #[arg(long, value_name = "DIR", conflicts_with = "command")]
    out: Option<PathBuf>,
}

/// Does it.
pub(crate) fn run(args: &ManArgs) -> Result<Exit, Failure> {
    let mut headwater = Cli::command().disable_help_subcommand(true);
    headwater.build();
    match &args.out {
        Some(directory) => {
            let made = fs::create_dir_all(directory);
            made.map_err(|error| Failure::failed(format!("--out: make {}: {error}", directory.display())))?;
            write_all(headwater, directory)?;
        }
        None => print(named(headwater, &args.command)?)?,
    }
    Ok(Exit::Done)
}

/// The command that a path of names leads to.
fn named(mut command: Command, path: &[String]) -> Result<Command, Failure> {
    for name in path {
        command = match command.find_subcommand(name) {
            Some(found) => found.clone(),
            None => return Err(unknown(&command, name)),
        };
    }
    Ok(command)
}

fn unknown(command: &Command, name: &str) -> Failure {
    let names: Vec<&str> = command.get_subcommands().map(Command::get_name).collect();
    let of = command.get_bin_name().unwrap_or_else(|| command.get_name());
    let there_is = if names.is_empty() { "no commands".to_owned() } else { names.join(", ") };
    Failure::usage(format!("there is no page \"{name}\": {of} has {there_is}"))
}

fn print(command: Command) -> Result<(), Failure> {
    let page = page(command).map_err(Failure::io("make the page"))?;
    stdout::print(|out| out.write_all(&page))
}

fn page(command: Command) -> io::Result<Vec<u8>> {
    let mut page = Vec::new();
    let source = concat!("headwater ", env!("CARGO_PKG_VERSION"));
    Man::new(command).manual("Headwater").source(source).render(&mut page)?;
    Ok(page)
}

/// Writes the page of a command and those of all below it.
fn write_all(command: Command, directory: &Path) -> Result<(), Failure> {
    for below in command.get_subcommands().filter(|below| !below.is_hide_set()) {
        write_all(below.clone(), directory)?;
    }
    let name = command.get_display_name().unwrap_or_else(|| command.get_name());
    let path = directory.join(format!("{name}.1"));
    let written = page(command).and_then(|page| fs::write(&path, page));
    written.map_err(|error| Failure::failed(format!("--out: write {}: {error}", path.display())))
}
