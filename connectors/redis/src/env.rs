//! What the environment says where a URL says nothing.

use std::net::Ipv6Addr;

use headwater::{Error, ErrorKind, Result};

/// The four variables.
#[derive(Clone, Default)]
pub(crate) struct Environment {
    pub(crate) host: Option<String>,
    pub(crate) port: Option<u16>,
    pub(crate) password: Option<String>,
    pub(crate) database: Option<i64>,
}

impl Environment {
    /// Reads the variables. An empty one counts as absent.
    pub(crate) fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Self> {
        let variable = |name: &str| variable(name).filter(|value| !value.is_empty());
        // For a service named "redis", Kubernetes puts a URL into REDIS_PORT. It was not meant for us.
        let port = variable("REDIS_PORT").filter(|port| !port.contains("://"));
        Ok(Self {
            host: variable("REDIS_HOST"),
            port: port.map(|port| number("REDIS_PORT", &port, "a port from 1 to 65535")).transpose()?,
            password: variable("REDIS_PASSWORD"),
            database: variable("REDIS_DB")
                .map(|database| number("REDIS_DB", &database, "the number of a database"))
                .transpose()?,
        })
    }

    /// Returns the URL that stands for the environment alone.
    pub(crate) fn url(&self) -> String {
        let host = self.host.as_deref().unwrap_or("localhost");
        if host.parse::<Ipv6Addr>().is_ok() { format!("redis://[{host}]") } else { format!("redis://{host}") }
    }
}

fn number<T: std::str::FromStr>(name: &str, value: &str, what: &str) -> Result<T> {
    value.parse().map_err(|_| {
        Error::new(ErrorKind::Invalid, format!("{name} is \"{value}\": set it to {what}, or unset it"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(variables: &[(&str, &str)]) -> Result<Environment> {
        Environment::read(|name| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn the_environment_alone_names_a_server() {
        let url = |host| environment(&[("REDIS_HOST", host)]).unwrap().url();
        assert_eq!(environment(&[]).unwrap().url(), "redis://localhost");
        assert_eq!(url("cache"), "redis://cache");
        assert_eq!(url("::1"), "redis://[::1]");
    }

    #[test]
    fn what_kubernetes_says_of_a_service_is_not_a_port() {
        let port = environment(&[("REDIS_PORT", "tcp://10.3.0.7:6379")]).unwrap().port;
        assert_eq!(port, None);
    }

    #[test]
    fn a_variable_that_is_no_number_is_named() {
        for name in ["REDIS_PORT", "REDIS_DB"] {
            let error = environment(&[(name, "six")]).err().unwrap();
            assert_eq!(error.kind(), ErrorKind::Invalid);
            assert!(error.to_string().starts_with(&format!("{name} is \"six\"")), "{error}");
        }
    }
}
