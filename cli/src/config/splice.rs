//! The command line with what the file adds to it.

use std::ffi::OsString;

use clap::parser::ValueSource;
use clap::{Arg, ArgMatches, Command};

use crate::config::entry::Entry;
use crate::config::loose;

/// The variables that stand for flags which clap does not know to have any: the environment wins over the file.
const VARIABLES: [(&str, &[&str]); 3] = [
    ("region", &["AWS_REGION", "AWS_DEFAULT_REGION"]),
    ("profile", &["AWS_PROFILE", "AWS_ACCESS_KEY_ID"]),
    ("endpoint_url", &["AWS_ENDPOINT_URL_KINESIS", "AWS_ENDPOINT_URL", "ENDPOINT_URL"]),
];

/// A command line, and which entries of a file are in it.
#[derive(Debug)]
pub(crate) struct Spliced {
    pub(crate) argv: Vec<OsString>,
    pub(crate) entries: Vec<Entry>,
}

/// Puts the entries that concern the command behind its name, before all that was typed for it: there they are flags,
/// whatever follows.
pub(crate) fn splice(
    argv: &[OsString],
    typed: &ArgMatches,
    headwater: &Command,
    entries: &[Entry],
) -> Spliced {
    let mut spliced = Spliced { argv: argv.iter().take(1).cloned().collect(), entries: Vec::new() };
    let (mut command, mut matches, mut path, mut done) = (headwater, typed, Vec::new(), 1);
    loop {
        let here = entries.iter().filter(|entry| entry.command == path && !yields(entry, command, matches));
        for entry in here {
            spliced.argv.extend(entry.flags.iter().cloned());
            spliced.entries.push(entry.clone());
        }
        let Some((name, below)) = matches.subcommand() else { break };
        let Some(found) = command.find_subcommand(name) else { break };
        (command, matches) = (found, below);
        path.push(name.to_owned());
        let end = end_of(argv, &path);
        spliced.argv.extend(argv[done..end].iter().cloned());
        done = end;
    }
    spliced.argv.extend(argv[done..].iter().cloned());
    spliced
}

/// Where the name of a command ends on the command line: behind the first arguments that are understood as it.
fn end_of(argv: &[OsString], path: &[String]) -> usize {
    let is_understood = |end: &usize| {
        let Ok(matches) = loose(&argv[..*end]) else { return false };
        let mut below = Some(&matches);
        path.iter().all(|name| {
            below = below.and_then(|matches| matches.subcommand_matches(name));
            below.is_some()
        })
    };
    (2..argv.len()).find(is_understood).unwrap_or(argv.len())
}

/// Whether an entry is left out: its flag was typed, or stands in the environment, or cannot be used with one that does.
fn yields(entry: &Entry, command: &Command, matches: &ArgMatches) -> bool {
    let by_variable = VARIABLES.iter().filter(|(id, _)| entry.id == *id).flat_map(|(_, names)| *names);
    let mut set = by_variable.filter_map(std::env::var_os).filter(|value| !value.is_empty());
    let Some(arg) = command.get_arguments().find(|arg| *arg.get_id() == entry.id) else { return true };
    let mut given = command.get_arguments().filter(|given| is_given(given, matches));
    set.next().is_some() || given.any(|given| given.get_id() == arg.get_id() || excludes(command, arg, given))
}

fn is_given(arg: &Arg, matches: &ArgMatches) -> bool {
    let source = matches.value_source(arg.get_id().as_str());
    matches!(source, Some(ValueSource::CommandLine | ValueSource::EnvVariable))
}

/// Whether two flags cannot be used together.
fn excludes(command: &Command, one: &Arg, other: &Arg) -> bool {
    let conflicts =
        |a: &Arg, b: &Arg| command.get_arg_conflicts_with(a).iter().any(|arg| arg.get_id() == b.get_id());
    let share_a_choice = command.get_groups().any(|group| {
        let members: Vec<_> = group.get_args().collect();
        !group.clone().is_multiple() && members.contains(&one.get_id()) && members.contains(&other.get_id())
    });
    share_a_choice
        || one.is_exclusive_set()
        || other.is_exclusive_set()
        || conflicts(one, other)
        || conflicts(other, one)
}
