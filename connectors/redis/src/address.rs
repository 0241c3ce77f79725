//! Which servers, as whom.

use std::fmt;

use headwater::{Error, ErrorKind, Result};
use redis::{ConnectionAddr, ConnectionInfo, IntoConnectionInfo as _};

use crate::env::Environment;

/// One server, or some of a cluster. Displays without user and password.
#[derive(Clone)]
pub(crate) struct Address {
    pub(crate) nodes: Vec<ConnectionInfo>,
    pub(crate) cluster: bool,
}

/// What was said beside the URL, and goes before it.
#[derive(Clone, Default)]
pub(crate) struct Login {
    pub(crate) username: Option<String>,
    pub(crate) password: Option<String>,
    pub(crate) database: Option<i64>,
}

impl Address {
    /// Reads a URL, whose host may be a list, and fills in what it leaves out.
    ///
    /// # Errors
    ///
    /// `Invalid`. The URL is not repeated: it may hold a password.
    pub(crate) fn parse(url: &str, cluster: bool, login: &Login, environment: &Environment) -> Result<Self> {
        let (scheme, rest) = url.split_once("://").ok_or_else(|| unreadable("it has no scheme"))?;
        let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
        let (user, hosts) = match authority.rsplit_once('@') {
            Some((user, hosts)) => (format!("{user}@"), hosts),
            None => (String::new(), authority),
        };
        let nodes = hosts
            .split(',')
            .map(|host| {
                node(&format!("{scheme}://{user}{}{path}", with_port(host, environment)), login, environment)
            })
            .collect::<Result<Vec<_>>>()?;
        Ok(Self { cluster: cluster || nodes.len() > 1, nodes })
    }

    pub(crate) fn uses_tls(&self) -> bool {
        self.nodes.iter().any(|node| matches!(node.addr(), ConnectionAddr::TcpTls { .. }))
    }
}

fn node(url: &str, login: &Login, environment: &Environment) -> Result<ConnectionInfo> {
    let parsed = redis::parse_redis_url(url).ok_or_else(|| unreadable("it is no URL of a Redis server"))?;
    let names_database = !parsed.path().trim_matches('/').is_empty();
    let info = parsed.into_connection_info().map_err(|error| unreadable(&error.to_string()))?;
    let mut settings = info.redis_settings().clone();
    let from_environment = settings.password().is_none().then_some(environment.password.as_ref()).flatten();
    if let Some(password) = login.password.as_ref().or(from_environment) {
        settings = settings.set_password(password);
    }
    if let Some(username) = &login.username {
        settings = settings.set_username(username);
    }
    let from_environment = (!names_database).then_some(environment.database).flatten();
    if let Some(database) = login.database.or(from_environment) {
        settings = settings.set_db(database);
    }
    Ok(info.set_redis_settings(settings))
}

/// Returns a host with the port of the environment, if it has none of its own.
fn with_port(host: &str, environment: &Environment) -> String {
    let after_brackets = host.rsplit_once(']').map_or(host, |(_, after)| after);
    match environment.port {
        Some(port) if !after_brackets.contains(':') && !host.is_empty() => format!("{host}:{port}"),
        _ => host.to_owned(),
    }
}

fn unreadable(cause: &str) -> Error {
    let context = "read the Redis URL, which is to be redis://[user:password@]host[:port][/database], with rediss for TLS";
    Error::new(ErrorKind::Invalid, context).caused_by(cause)
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, node) in self.nodes.iter().enumerate() {
            match node.addr() {
                _ if number > 0 => write!(f, ",{}", node.addr())?,
                ConnectionAddr::TcpTls { .. } => write!(f, "rediss://{}", node.addr())?,
                ConnectionAddr::Unix(_) => write!(f, "unix:{}", node.addr())?,
                _ => write!(f, "redis://{}", node.addr())?,
            }
        }
        let database = self.nodes.first().map_or(0, |node| node.redis_settings().db());
        write!(f, "/{database}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(url: &str, environment: &Environment) -> Address {
        Address::parse(url, false, &Login::default(), environment).unwrap()
    }

    #[test]
    fn the_environment_fills_in_what_a_url_leaves_out_and_nothing_else() {
        let password = Some("hush".to_owned());
        let environment = Environment { host: None, port: Some(7000), password, database: Some(3) };
        let bare = parse("redis://cache", &environment);
        assert_eq!(bare.to_string(), "redis://cache:7000/3");
        assert_eq!(bare.nodes[0].redis_settings().password(), Some("hush"));

        let whole = parse("redis://me:mine@cache:6380/0", &environment);
        assert_eq!(whole.to_string(), "redis://cache:6380/0");
        assert_eq!(whole.nodes[0].redis_settings().password(), Some("mine"));
        assert_eq!(parse("redis://[::1]/1", &environment).to_string(), "redis://::1:7000/1");
    }

    #[test]
    fn what_the_builder_is_told_goes_before_the_url() {
        let login =
            Login { username: Some("you".to_owned()), password: Some("yours".to_owned()), database: Some(5) };
        let address =
            Address::parse("redis://me:mine@cache/1", false, &login, &Environment::default()).unwrap();
        let settings = address.nodes[0].redis_settings();
        let said = (settings.username(), settings.password(), settings.db());
        assert_eq!(said, (Some("you"), Some("yours"), 5));
    }

    #[test]
    fn a_list_of_hosts_is_a_cluster_with_one_login() {
        let address = parse("rediss://me:a,b@one:7000,two:7001,three/0", &Environment::default());
        assert!(address.cluster && address.uses_tls());
        assert_eq!(address.to_string(), "rediss://one:7000,two:7001,three:6379/0");
        let passwords = address.nodes.iter().map(|node| node.redis_settings().password());
        assert!(passwords.eq([Some("a,b"); 3]));
        assert!(!parse("redis://one", &Environment::default()).cluster);
    }

    #[test]
    fn a_url_that_cannot_be_read_is_not_repeated() {
        for url in ["secret", "http://me:secret@host", "redis://me:secret@host/x", "redis://me:secret@"] {
            let error = Address::parse(url, false, &Login::default(), &Environment::default()).err().unwrap();
            assert_eq!(error.kind(), ErrorKind::Invalid);
            assert!(!error.to_string().contains("secret"), "{error}");
        }
    }
}
