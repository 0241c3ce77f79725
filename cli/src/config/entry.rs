//! What a configuration file says, each key a flag.

use std::ffi::OsString;

use clap::{Arg, Command, Id};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::config::file::ConfigFile;
use crate::config::{keys, value};
use crate::failure::Failure;

/// One key of a file: a flag of a command.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    /// The command whose table it is in; empty for what every command takes.
    pub(crate) command: Vec<String>,
    /// The flag, without its dashes.
    pub(crate) key: String,
    /// How clap calls it.
    pub(crate) id: Id,
    /// Where it is in the file.
    pub(crate) line: usize,
    /// What it would be on the command line.
    pub(crate) flags: Vec<OsString>,
}

impl Entry {
    /// Reads a whole file. Every key must be a flag of the command in whose table it is.
    pub(crate) fn read_all(file: &ConfigFile, headwater: &Command) -> Result<Vec<Self>, Failure> {
        let document = DeTable::parse(&file.text).map_err(|error| {
            let offset = error.span().map_or(0, |span| span.start);
            // The error's own text repeats the line, which may hold a secret.
            file.wrong_at(offset, error.message())
        })?;
        let mut reader = Reader { file, entries: Vec::new() };
        reader.table(document.get_ref(), headwater, &[])?;
        Ok(reader.entries)
    }

    /// How an error calls it.
    pub(crate) fn name(&self) -> String {
        if self.command.is_empty() {
            return self.key.clone();
        }
        format!("[{}] {}", self.command.join("."), self.key)
    }
}

/// Walks through the tables of a file.
struct Reader<'a> {
    file: &'a ConfigFile,
    entries: Vec<Entry>,
}

impl Reader<'_> {
    fn table(&mut self, table: &DeTable<'_>, command: &Command, path: &[String]) -> Result<(), Failure> {
        for (key, value) in table {
            let (name, offset) = (key.get_ref().as_ref(), key.span().start);
            if let Some(below) = command.get_subcommands().find(|below| below.get_name() == name) {
                let DeValue::Table(table) = value.get_ref() else {
                    let what = format!("{name} is a command, whose flags are in a table [{name}]");
                    return Err(self.file.wrong_at(offset, what));
                };
                self.table(table, below, &[path, &[name.to_owned()]].concat())?;
            } else {
                let arg = keys::flag(command, path, name).map_err(|why| self.file.wrong_at(offset, why))?;
                self.key(arg, path, name, offset, value)?;
            }
        }
        Ok(())
    }

    fn key(
        &mut self,
        arg: &Arg,
        path: &[String],
        name: &str,
        offset: usize,
        value: &Spanned<DeValue<'_>>,
    ) -> Result<(), Failure> {
        let line = self.file.line(offset);
        let mut entry = Entry {
            command: path.to_vec(),
            key: name.to_owned(),
            id: arg.get_id().clone(),
            line,
            flags: Vec::new(),
        };
        entry.flags = value::flags(arg, name, value.get_ref())
            .map_err(|right| self.file.wrong(line, format!("{}: {right}", entry.name())))?;
        self.entries.push(entry);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::Entry;
    use crate::args::Cli;
    use crate::config::file::ConfigFile;
    use crate::failure::Failure;

    fn read(text: &str) -> Result<Vec<Entry>, String> {
        let file = ConfigFile { path: "headwater.toml".into(), text: text.to_owned() };
        let mut command = Cli::command();
        command.build();
        Entry::read_all(&file, &command).map_err(|failure| match failure {
            Failure::Usage(told) => told,
            other => panic!("{other:?}"),
        })
    }

    #[test]
    fn a_key_becomes_the_flag_of_its_name() {
        let text = "region = 'eu-west-1'\nverbose = 2\n\n[local]\nport = 0\nenforce-limits = true\nstream = ['a:2', 'b']\n";
        let mut read: Vec<_> =
            read(text).unwrap().into_iter().map(|entry| (entry.name(), entry.flags)).collect();
        read.sort();
        let expected = [
            ("[local] enforce-limits", vec!["--enforce-limits"]),
            ("[local] port", vec!["--port=0"]),
            ("[local] stream", vec!["--stream=a:2", "--stream=b"]),
            ("region", vec!["--region=eu-west-1"]),
            ("verbose", vec!["--verbose", "--verbose"]),
        ];
        let expected =
            expected.map(|(name, flags)| (name.to_owned(), flags.into_iter().map(Into::into).collect()));
        assert_eq!(read, expected);
    }

    #[test]
    fn what_is_wrong_in_a_file_is_told_with_its_line_and_what_would_be_right() {
        for (text, line, told) in [
            ("\nregio = 'x'", 2, "\"region\""),
            ("[tial]", 1, "\"tail\""),
            ("[local]\n\nprot = 1", 3, "\"port\""),
            ("[local]\nregion = 'x'", 2, "at the top of the file"),
            ("local = 3", 1, "table [local]"),
            ("[local]\nport = [1, 2]", 2, "one value"),
            ("[local]\nenforce-limits = 'yes'", 2, "true or false"),
            ("verbose = 'much'", 1, "a number"),
            ("region = ", 1, ""),
            ("region = 'x'\nregion = 'y'", 2, "duplicate"),
            ("config = 'x'", 1, "config"),
            ("[local.deep]\nx = 1", 1, "deep"),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.starts_with(&format!("headwater.toml:{line}: ")), "{text}: {error}");
            assert!(error.contains(told), "{text}: {error}");
        }
    }

    #[test]
    fn every_flag_of_every_command_is_a_key() {
        fn walk(command: &clap::Command, table: &str, count: &mut usize) {
            for below in command.get_subcommands() {
                walk(below, format!("{table}.{}", below.get_name()).trim_start_matches('.'), count);
            }
            let flags = command.get_arguments().filter(|arg| !arg.is_global_set()).filter_map(|arg| {
                let flag = arg.get_long().filter(|flag| !["help", "version"].contains(flag))?;
                Some((flag, arg.get_action().takes_values()))
            });
            for (flag, takes_values) in flags {
                let value = if takes_values { "'x'" } else { "true" };
                let entries = read(&format!("[{table}]\n{flag} = {value}\n"));
                assert_eq!(entries.unwrap_or_else(|why| panic!("{why}")).len(), 1, "{table} {flag}");
                *count += 1;
            }
        }
        let mut command = Cli::command();
        command.build();
        let mut count = 0;
        walk(&command, "", &mut count);
        assert!(count > 50, "{count} flags");
    }

    #[test]
    fn a_value_is_never_repeated_in_an_error() {
        for text in [
            "region = 's3cret",
            "[local]\nenforce-limits = 's3cret'",
            "regio = 's3cret'",
            "verbose = 's3cret'",
        ] {
            let error = read(text).unwrap_err();
            assert!(!error.contains("s3cret"), "{error}");
        }
    }
}
