//! The flags that name a store and who has checkpoints there.

use std::ffi::OsStr;

use clap::builder::{StringValueParser, TypedValueParser};
use clap::{Arg, Args, Command, Error};

use crate::failure::Failure;
use crate::stores::Store;

/// The application of who names none.
const DEFAULT_APPLICATION: &str = "headwater";

/// Whose checkpoints, and where they are kept.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct StoreArgs {
    /// Where checkpoints are kept: memory, sqlite:PATH, redis://HOST, rediss://HOST, redis+cluster://HOST or
    /// dynamodb:TABLE[?endpoint=URL]
    ///
    /// With Redis, give the password as REDIS_PASSWORD rather than in the URL, which the list of processes shows.
    /// DynamoDB's endpoint may be given as AWS_ENDPOINT_URL_DYNAMODB too. [default: memory]
    #[arg(long, value_name = "URL", value_parser = StoreParser)]
    pub(crate) checkpoints: Option<Store>,
    /// The application whose checkpoints they are: its workers share the shards of a stream. Needed unless they are
    /// kept in memory
    #[arg(long, value_name = "NAME")]
    pub(crate) app: Option<String>,
}

impl StoreArgs {
    /// The store; in memory where none was named.
    pub(crate) fn store(&self) -> &Store {
        self.checkpoints.as_ref().unwrap_or(&Store::Memory)
    }

    /// The name of the application, which a store that outlives the process needs.
    pub(crate) fn application(&self) -> Result<&str, Failure> {
        match (self.app.as_deref(), self.store()) {
            (Some(""), _) => Err(Failure::usage("--app is empty: name the application")),
            (Some(name), _) => Ok(name),
            (None, Store::Memory) => Ok(DEFAULT_APPLICATION),
            (None, store) => Err(Failure::usage(format!(
                "--app is missing: name the application whose checkpoints are kept in {store}"
            ))),
        }
    }
}

/// Reads a store, and never repeats what it could not read: clap would, password and all.
#[derive(Clone)]
pub(crate) struct StoreParser;

impl TypedValueParser for StoreParser {
    type Value = Store;

    fn parse_ref(&self, command: &Command, arg: Option<&Arg>, value: &OsStr) -> Result<Store, Error> {
        let read = value.to_str().ok_or_else(|| "it is not UTF-8".to_owned()).and_then(str::parse);
        let why: String = match read {
            Ok(store) => return Ok(store),
            Err(why) => why,
        };
        let refuse = StringValueParser::new().try_map(move |_| Err(why.clone()));
        refuse.parse_ref(command, arg, OsStr::new(&without_secrets(&value.to_string_lossy())))
    }
}

/// What may be repeated of what was written: the scheme.
fn without_secrets(written: &str) -> String {
    written.split_once(':').map_or_else(|| written.to_owned(), |(scheme, _)| format!("{scheme}:…"))
}
