//! Which keys there are.

use clap::{Arg, Command};

/// How alike two names must be for one to be meant by the other, from 0 to 1.
const ALIKE: f64 = 0.75;

/// The flag of a command that a key names; an error says what is right.
pub(crate) fn flag<'a>(command: &'a Command, path: &[String], key: &str) -> Result<&'a Arg, String> {
    let found = command.get_arguments().find(|arg| arg.get_long() == Some(key));
    match found {
        Some(arg) if is_key(arg, path) => Ok(arg),
        Some(arg) if arg.is_global_set() && !path.is_empty() && key != "config" => {
            Err(format!("{key} is for every command: it stands at the top of the file, before any table"))
        }
        _ => Err(unknown(command, path, key)),
    }
}

/// Whether a flag can be set in the table of a command.
fn is_key(arg: &Arg, path: &[String]) -> bool {
    let is_named = |name: &str| arg.get_id() == name;
    let is_about_headwater = is_named("help") || is_named("version") || is_named("config");
    arg.get_long().is_some() && !is_about_headwater && arg.is_global_set() == path.is_empty()
}

fn unknown(command: &Command, path: &[String], key: &str) -> String {
    let flags = command.get_arguments().filter(|arg| is_key(arg, path)).filter_map(Arg::get_long);
    let names: Vec<&str> = flags.chain(command.get_subcommands().map(Command::get_name)).collect();
    let wrong = if path.is_empty() {
        format!("there is no global flag and no command \"{key}\"")
    } else {
        format!("headwater {} has no flag \"{key}\"", path.join(" "))
    };
    let likeness = |name: &&str| strsim::jaro_winkler(name, key);
    let nearest = names.iter().max_by(|a, b| likeness(a).total_cmp(&likeness(b)));
    match nearest {
        Some(nearest) if likeness(nearest) >= ALIKE => format!("{wrong}; \"{nearest}\" is nearest"),
        Some(_) => format!("{wrong}; right are {}", names.join(", ")),
        None => wrong,
    }
}
