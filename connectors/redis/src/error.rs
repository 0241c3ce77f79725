//! What failures of a server mean to a caller.

use headwater::{Error, ErrorKind};
use redis::{RedisError, ServerErrorKind};

/// What went wrong with an exchange.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The server or the connection says so.
    Redis(RedisError),
    /// Nothing was said in time.
    Silence,
}

/// What a failure is, and what to do about it.
struct Meaning {
    kind: ErrorKind,
    advice: &'static str,
}

const fn means(kind: ErrorKind, advice: &'static str) -> Meaning {
    Meaning { kind, advice }
}

impl Failure {
    /// Tells whether the same exchange may succeed a moment later: the server restarts, a replica takes over.
    pub(crate) fn passes(&self) -> bool {
        matches!(self, Self::Redis(cause) if passes(cause))
    }

    /// Tells whether the connection is of no more use: it is broken, was never made, or leads to a server that may be gone
    /// while a replica took over under its name.
    pub(crate) fn spoils_connection(&self) -> bool {
        match self {
            Self::Redis(cause) => cause.code().is_none() || passes(cause),
            Self::Silence => true,
        }
    }

    /// Says what was being done, and where.
    pub(crate) fn during(&self, what: &str, address: &str) -> Error {
        let context = |advice: &str| match advice {
            "" => format!("{what} in {address}"),
            advice => format!("{what} in {address}: {advice}"),
        };
        match self {
            Self::Redis(cause) => {
                let Meaning { kind, advice } = meaning(cause);
                Error::new(kind, context(advice)).caused_by(cause.to_string())
            }
            Self::Silence => Error::new(ErrorKind::Timeout, context("no answer came in time")),
        }
    }
}

pub(crate) fn passes(cause: &RedisError) -> bool {
    meaning(cause).kind == ErrorKind::Unavailable
}

/// A script passes on the errors of its commands, as a code or, before version 7, somewhere in the text.
const CODES: &[(&str, Meaning)] = &[
    ("WRONGPASS", means(ErrorKind::AccessDenied, "give the right user and password")),
    ("NOAUTH", means(ErrorKind::AccessDenied, "give a password, in the URL or as REDIS_PASSWORD")),
    ("NOPERM", means(ErrorKind::AccessDenied, "let the user run scripts and use the keys")),
    ("WRONGTYPE", means(ErrorKind::Store, "a key holds something else: choose another key_prefix")),
    ("READONLY", means(ErrorKind::Unavailable, "the server is a replica now")),
    ("LOADING", means(ErrorKind::Unavailable, "the server reads its data")),
    ("MASTERDOWN", means(ErrorKind::Unavailable, "the server lost its primary")),
    ("CLUSTERDOWN", means(ErrorKind::Unavailable, "the cluster lacks nodes")),
    ("TRYAGAIN", means(ErrorKind::Unavailable, "the cluster moves these keys")),
    ("NOREPLICAS", means(ErrorKind::Unavailable, "the server lacks replicas")),
    ("BUSY", means(ErrorKind::Unavailable, "the server is busy with another script")),
    ("MISCONF", means(ErrorKind::Unavailable, "the server cannot write to its disk")),
    ("OOM", means(ErrorKind::Unavailable, "the server's memory is full")),
    ("MOVED", means(ErrorKind::Invalid, "the server is part of a cluster: say so with cluster()")),
    ("ASK", means(ErrorKind::Invalid, "the server is part of a cluster: say so with cluster()")),
];

fn meaning(cause: &RedisError) -> Meaning {
    let text = cause.to_string();
    let code = cause.code().unwrap_or_default();
    let coded = CODES.iter().find(|(known, _)| *known == code);
    let within = || {
        let words = || text.split(|letter: char| !letter.is_ascii_alphabetic());
        CODES.iter().find(|(known, _)| words().any(|word| word == *known))
    };
    if let Some((_, meaning)) = coded.or_else(within) {
        return means(meaning.kind, meaning.advice);
    }
    match cause.kind() {
        // What a cluster says of its first connections is in the text alone.
        _ if text.contains("AuthenticationFailed") => {
            means(ErrorKind::AccessDenied, "give the right user and password")
        }
        _ if text.contains("DB index") || text.contains("switch database") => {
            means(ErrorKind::Invalid, "the server has no such database")
        }
        _ if text.contains("cluster support disabled") => {
            means(ErrorKind::Invalid, "the server is no cluster: leave out cluster() and further hosts")
        }
        redis::ErrorKind::InvalidClientConfig => means(ErrorKind::Invalid, ""),
        _ if text.contains("certificate") => means(
            ErrorKind::Store,
            "the server's certificate is not trusted: give its authority with root_certificate()",
        ),
        redis::ErrorKind::Io
        | redis::ErrorKind::ClusterConnectionNotFound
        | redis::ErrorKind::Server(ServerErrorKind::NoScript) => {
            means(ErrorKind::Unavailable, "is a server up there, and does a firewall let it be reached?")
        }
        _ => means(ErrorKind::Store, ""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(reply: &str) -> ErrorKind {
        let value = redis::parse_redis_value(format!("-{reply}\r\n").as_bytes()).unwrap();
        let cause = value.extract_error().unwrap_err();
        Failure::Redis(cause).during("commit", "redis://host:6379/0").kind()
    }

    #[test]
    fn what_passes_is_worth_another_try_and_nothing_else() {
        for passing in [
            "LOADING Redis is loading the dataset in memory",
            "CLUSTERDOWN The cluster is down",
            "READONLY You can't write against a read only replica. script: f00, on @user_script:9.",
            "ERR Error running script (call to f_00): @user_script:9: -READONLY You can't write against a read only replica.",
            "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.",
            "OOM command not allowed when used memory > 'maxmemory'.",
        ] {
            assert_eq!(kind(passing), ErrorKind::Unavailable, "{passing}");
        }
        for (fatal, expected) in [
            ("WRONGPASS invalid username-password pair or user is disabled.", ErrorKind::AccessDenied),
            ("NOAUTH Authentication required.", ErrorKind::AccessDenied),
            ("NOPERM this user has no permissions to run the 'eval' command", ErrorKind::AccessDenied),
            ("WRONGTYPE Operation against a key holding the wrong kind of value", ErrorKind::Store),
            (
                "ERR Error running script (call to f_00): @user_script:3: WRONGTYPE Operation against a key",
                ErrorKind::Store,
            ),
            ("ERR DB index is out of range", ErrorKind::Invalid),
            ("MOVED 3999 127.0.0.1:6381", ErrorKind::Invalid),
            ("ERR unknown command 'EVALSHA'", ErrorKind::Store),
        ] {
            assert_eq!(kind(fatal), expected, "{fatal}");
        }
    }

    #[test]
    fn silence_is_a_timeout_that_names_the_server() {
        let error = Failure::Silence.during("commit a checkpoint", "redis://host:6379/0");
        assert_eq!(error.kind(), ErrorKind::Timeout);
        assert_eq!(error.to_string(), "commit a checkpoint in redis://host:6379/0: no answer came in time");
    }
}
