//! What names a store.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

/// What is right, for those who wrote something else.
const RIGHT: &str = "memory, sqlite:PATH, redis://HOST and dynamodb:TABLE are right";

/// Where checkpoints are kept. Displays, also for `Debug`, without user and password.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Store {
    /// In this process, until it ends.
    Memory,
    /// In a file of this machine.
    Sqlite(PathBuf),
    /// In Redis or Valkey.
    Redis(RedisUrl),
    /// In a table of DynamoDB, the KCL's layout.
    DynamoDb(DynamoDbTable),
}

/// Where Redis is.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct RedisUrl {
    /// With the scheme `redis` or `rediss`, and whatever secrets it was given.
    pub(super) url: String,
    /// Whether the server is a node of a cluster.
    pub(super) cluster: bool,
}

/// A table, and where DynamoDB answers if that was said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DynamoDbTable {
    pub(super) table: String,
    pub(super) endpoint: Option<String>,
}

impl FromStr for Store {
    type Err = String;

    /// Reads a URL. The error never repeats what may be a password.
    fn from_str(store: &str) -> Result<Self, String> {
        if store == "memory" {
            return Ok(Self::Memory);
        }
        let Some((scheme, rest)) = store.split_once(':') else {
            return Err(format!("it names no store; {RIGHT}"));
        };
        match scheme {
            "sqlite" => sqlite(rest),
            "redis" | "rediss" => redis(scheme, rest, false),
            "redis+cluster" => redis("redis", rest, true),
            "rediss+cluster" => redis("rediss", rest, true),
            "dynamodb" => dynamodb(rest),
            _ => Err(format!("there is no store \"{scheme}:\"; {RIGHT}")),
        }
    }
}

fn sqlite(rest: &str) -> Result<Store, String> {
    match rest.strip_prefix("//").unwrap_or(rest) {
        "" => Err("sqlite: has no path; sqlite:checkpoints.db is right".to_owned()),
        path => Ok(Store::Sqlite(path.into())),
    }
}

fn redis(scheme: &str, rest: &str, cluster: bool) -> Result<Store, String> {
    match rest.strip_prefix("//") {
        Some(rest) if !hosts(rest).is_empty() => {
            Ok(Store::Redis(RedisUrl { url: format!("{scheme}://{rest}"), cluster }))
        }
        _ => Err(format!("{scheme}: has no host; {scheme}://[USER:PASSWORD@]HOST[:PORT][/DB] is right")),
    }
}

fn dynamodb(rest: &str) -> Result<Store, String> {
    let rest = rest.strip_prefix("//").unwrap_or(rest);
    let (table, query) = rest.split_once('?').map_or((rest, None), |(table, query)| (table, Some(query)));
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte);
    if !(3..=245).contains(&table.len()) || !table.bytes().all(allowed) {
        return Err(format!(
            "\"{table}\" is no name of a table: 3 to 245 letters, digits, '_', '.' and '-' are right"
        ));
    }
    let endpoint = match query {
        None => None,
        Some(query) => match query.strip_prefix("endpoint=") {
            Some(url) if url.starts_with("http://") || url.starts_with("https://") => Some(url.to_owned()),
            _ => return Err(format!("dynamodb:{table}?endpoint=URL is right, with http:// or https://")),
        },
    };
    Ok(Store::DynamoDb(DynamoDbTable { table: table.to_owned(), endpoint }))
}

/// The hosts of what follows `//`, without user, password, database and options.
fn hosts(rest: &str) -> &str {
    let authority = &rest[..rest.find(['/', '?', '#']).unwrap_or(rest.len())];
    authority.rsplit_once('@').map_or(authority, |(_, hosts)| hosts)
}

impl fmt::Display for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Memory => f.write_str("memory"),
            Self::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
            Self::Redis(url) => url.fmt(f),
            Self::DynamoDb(table) => write!(f, "dynamodb:{}", table.table),
        }
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for RedisUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (scheme, rest) = self.url.split_once("://").unwrap_or_default();
        write!(f, "{scheme}://{}", hosts(rest))
    }
}

impl fmt::Debug for RedisUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::{DynamoDbTable, RedisUrl, Store};

    #[test]
    fn each_store_is_read() {
        let redis = |url: &str, cluster| Store::Redis(RedisUrl { url: url.to_owned(), cluster });
        let dynamodb = |endpoint: Option<&str>| {
            let endpoint = endpoint.map(str::to_owned);
            Store::DynamoDb(DynamoDbTable { table: "leases".to_owned(), endpoint })
        };
        for (written, store) in [
            ("memory", Store::Memory),
            ("sqlite:a.db", Store::Sqlite("a.db".into())),
            ("sqlite:///var/a.db", Store::Sqlite("/var/a.db".into())),
            ("redis://cache", redis("redis://cache", false)),
            ("rediss://me:a@b@cache:1/2", redis("rediss://me:a@b@cache:1/2", false)),
            ("redis+cluster://one", redis("redis://one", true)),
            ("rediss+cluster://one,two", redis("rediss://one,two", true)),
            ("dynamodb:leases", dynamodb(None)),
            ("dynamodb:leases?endpoint=http://127.0.0.1:1", dynamodb(Some("http://127.0.0.1:1"))),
        ] {
            assert_eq!(written.parse(), Ok(store), "{written}");
        }
    }

    #[test]
    fn what_is_no_store_is_told_the_four_that_are() {
        for wrong in ["", "files", "postgres://me:secret@host", "http://x"] {
            let told = wrong.parse::<Store>().unwrap_err();
            for right in ["memory", "sqlite:PATH", "redis://HOST", "dynamodb:TABLE"] {
                assert!(told.contains(right), "{told}");
            }
            assert!(!told.contains("secret"), "{told}");
        }
    }

    #[test]
    fn half_a_store_is_told_what_is_missing() {
        for (wrong, named) in [
            ("sqlite:", "path"),
            ("redis:cache", "host"),
            ("redis://:secret@", "host"),
            ("dynamodb:", "3 to 245"),
            ("dynamodb:a/b/c", "3 to 245"),
            ("dynamodb:leases?region=x", "?endpoint=URL"),
            ("dynamodb:leases?endpoint=localhost", "http://"),
        ] {
            let told = wrong.parse::<Store>().unwrap_err();
            assert!(told.contains(named) && !told.contains("secret"), "{told}");
        }
    }

    #[test]
    fn neither_display_nor_debug_shows_who_logs_in() {
        let store: Store = "rediss://me:hush@one:7000,two/3?protocol=resp3".parse().unwrap();
        assert_eq!(store.to_string(), "rediss://one:7000,two");
        assert_eq!(format!("{store:?}"), store.to_string());
        let Store::Redis(url) = store else { panic!("it is Redis") };
        assert_eq!(format!("{url:?}"), url.to_string());
    }
}
