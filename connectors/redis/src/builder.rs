//! How servers are found.

use std::fmt;
use std::time::Duration;

use headwater::{Error, ErrorKind, Result};

use crate::address::{Address, Login};
use crate::client::{Client, Timeouts};
use crate::env::Environment;
use crate::error::Failure;
use crate::keys::Keys;
use crate::link::Link;
use crate::{RedisCheckpoints, RedisLimits};

/// Opens [`RedisCheckpoints`] or [`RedisLimits`] with other settings than the default ones.
///
/// What it is told goes before what the URL says, and that before the environment. Its `Debug` shows neither the URL nor a
/// password.
///
/// # Example
///
/// ```no_run
/// use std::time::Duration;
///
/// use headwater_redis::RedisCheckpoints;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> headwater::Result<()> {
/// let store = RedisCheckpoints::builder("rediss://cache-1.internal,cache-2.internal")
///     .username("headwater")
///     .password(std::fs::read_to_string("/run/secrets/redis").expect("it is mounted").trim_end())
///     .key_prefix("staging:")
///     .timeout(Duration::from_secs(5))
///     .open()
///     .await?;
/// # let _ = store;
/// # Ok(())
/// # }
/// ```
///
/// A setting that cannot be is refused before anything is sent:
///
/// ```
/// use headwater::ErrorKind;
/// use headwater_redis::RedisCheckpoints;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let error = RedisCheckpoints::builder("redis://localhost").key_prefix("{a}").open().await.unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::Invalid);
/// assert_eq!(error.to_string(), "key_prefix(\"{a}\"): it must have no braces");
/// # }
/// ```
#[derive(Clone)]
pub struct RedisBuilder {
    url: Option<String>,
    cluster: bool,
    login: Login,
    root_certificate: Option<Vec<u8>>,
    key_prefix: String,
    timeouts: Timeouts,
}

impl RedisBuilder {
    pub(crate) fn new(url: Option<String>) -> Self {
        Self {
            url,
            cluster: false,
            login: Login::default(),
            root_certificate: None,
            key_prefix: "headwater:".to_owned(),
            timeouts: Timeouts { verb: Duration::from_secs(2), connection: Duration::from_secs(1) },
        }
    }

    /// Says that the server is a node of a cluster, from which the others are found. A URL with several hosts says so too.
    pub fn cluster(mut self) -> Self {
        self.cluster = true;
        self
    }

    /// Sets the user: the server's default user, by default.
    pub fn username(mut self, username: impl Into<String>) -> Self {
        self.login.username = Some(username.into());
        self
    }

    /// Sets the password.
    pub fn password(mut self, password: impl Into<String>) -> Self {
        self.login.password = Some(password.into());
        self
    }

    /// Sets the number of the database. Most clusters have number 0 only.
    pub fn database(mut self, number: i64) -> Self {
        self.login.database = Some(number);
        self
    }

    /// Trusts servers with certificates of this authority alone, in PEM; by default those that the system trusts.
    pub fn root_certificate(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.root_certificate = Some(pem.into());
        self
    }

    /// Sets what every key begins with: `headwater:` by default. It must have no braces, which mean something to a cluster.
    pub fn key_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.key_prefix = prefix.into();
        self
    }

    /// Sets how long a verb may take, with every new attempt while a server restarts or a replica takes over: 2 s by default.
    /// Well below the lease time, so that one slow verb costs no lease.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeouts.verb = timeout;
        self
    }

    /// Sets how long an attempt to connect may take: 1 s by default.
    pub fn connection_timeout(mut self, timeout: Duration) -> Self {
        self.timeouts.connection = timeout;
        self
    }

    /// Opens the store.
    ///
    /// # Errors
    ///
    /// `Invalid` for a URL, a variable of the environment or a setting that cannot be, or a database that the server does not
    /// have; `AccessDenied` for a wrong user or password; `Unavailable` or `Timeout` if the server could not be reached within
    /// [`timeout`](Self::timeout); `Store` for a certificate that is not trusted.
    pub async fn open(self) -> Result<RedisCheckpoints> {
        let (link, keys) = self.connect().await?;
        Ok(RedisCheckpoints { link, keys })
    }

    /// Opens limits that sinks share, for a program that keeps no checkpoints there.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open).
    pub async fn open_limits(self) -> Result<RedisLimits> {
        let (link, keys) = self.connect().await?;
        Ok(RedisLimits { link, keys })
    }

    async fn connect(self) -> Result<(Link, Keys)> {
        self.check()?;
        let environment = Environment::read(|name| std::env::var(name).ok())?;
        let url = self.url.unwrap_or_else(|| environment.url());
        let address = Address::parse(&url, self.cluster, &self.login, &environment)?;
        let client = Client::new(&address, self.timeouts, self.root_certificate)
            .map_err(|error| Failure::Redis(error).during("open the store", &address.to_string()))?;
        let link = Link::open(client, address.to_string(), self.timeouts.verb).await?;
        Ok((link, Keys { prefix: self.key_prefix }))
    }

    fn check(&self) -> Result<()> {
        if self.key_prefix.contains(['{', '}']) {
            let what = format!("key_prefix(\"{}\"): it must have no braces", self.key_prefix);
            return Err(Error::new(ErrorKind::Invalid, what));
        }
        for (name, timeout) in
            [("timeout", self.timeouts.verb), ("connection_timeout", self.timeouts.connection)]
        {
            if timeout.is_zero() {
                let what = format!("{name}(0 s): it must be longer");
                return Err(Error::new(ErrorKind::Invalid, what));
            }
        }
        Ok(())
    }
}

impl fmt::Debug for RedisBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisBuilder")
            .field("cluster", &self.cluster)
            .field("key_prefix", &self.key_prefix)
            .field("timeouts", &self.timeouts)
            .finish_non_exhaustive()
    }
}
