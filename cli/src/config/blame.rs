//! Who is to blame for an error: what was typed, or the file.

use clap::error::{ContextKind, ContextValue, ErrorKind};

use crate::config::entry::Entry;
use crate::config::file::ConfigFile;
use crate::config::refused::Refused;
use crate::failure::chain;

/// Tells an error of clap with the place in the file, where a key of the file caused it.
pub(crate) fn blame(error: clap::Error, file: &ConfigFile, entries: &[Entry]) -> Refused {
    let named = [ContextKind::InvalidArg, ContextKind::PriorArg].map(|kind| flags(error.get(kind))).concat();
    let to_blame = named.iter().find_map(|flag| entries.iter().find(|entry| entry.key == *flag));
    match to_blame {
        Some(entry) => {
            let others: Vec<&str> =
                named.iter().map(String::as_str).filter(|flag| *flag != entry.key).collect();
            file.wrong(entry.line, format!("{}: {}", entry.name(), why(&error, &others))).into()
        }
        None => error.into(),
    }
}

/// What is wrong with a key of the file, without the value that it has there: it may be a secret.
fn why(error: &clap::Error, others: &[&str]) -> String {
    match error.kind() {
        ErrorKind::InvalidValue => match texts(error.get(ContextKind::ValidValue)).as_slice() {
            [] => "a value is missing".to_owned(),
            right => format!("one of {} is right", right.join(", ")),
        },
        ErrorKind::ArgumentConflict => format!("it cannot be used with {}", others.join(", ")),
        _ => match std::error::Error::source(error) {
            Some(source) => chain(source),
            None => error.kind().to_string(),
        },
    }
}

/// The names of the flags in a part of an error, as `linger` of `--linger <TIME>`.
fn flags(context: Option<&ContextValue>) -> Vec<String> {
    let name = |flag: &String| {
        let name = flag.trim_start_matches('-');
        let end = name.find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '-');
        name[..end.unwrap_or(name.len())].to_owned()
    };
    texts(context).iter().map(name).collect()
}

fn texts(context: Option<&ContextValue>) -> Vec<String> {
    match context {
        Some(ContextValue::String(text)) => vec![text.clone()],
        Some(ContextValue::Strings(texts)) => texts.clone(),
        _ => Vec::new(),
    }
}
