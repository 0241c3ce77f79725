//! A server or a cluster, and a connection to it.

use std::time::Duration;

use redis::aio::{ConnectionLike, ConnectionManager, ConnectionManagerConfig};
use redis::cluster::{ClusterClient, ClusterConfig};
use redis::cluster_async::ClusterConnection;
use redis::{Cmd, Pipeline, RedisFuture, RedisResult, TlsCertificates, Value};

use crate::address::Address;

/// Makes connections.
pub(crate) enum Client {
    Single(redis::Client, ConnectionManagerConfig),
    Cluster(ClusterClient, Duration),
}

/// How long a verb and a connection may take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Timeouts {
    pub(crate) verb: Duration,
    pub(crate) connection: Duration,
}

/// A connection that any number of tasks use at a time.
#[derive(Clone)]
pub(crate) enum Connection {
    Single(ConnectionManager),
    Cluster(ClusterConnection),
}

impl Client {
    pub(crate) fn new(
        address: &Address,
        timeouts: Timeouts,
        root_certificate: Option<Vec<u8>>,
    ) -> RedisResult<Self> {
        let certificates =
            root_certificate.map(|root| TlsCertificates { client_tls: None, root_cert: Some(root) });
        if address.uses_tls() {
            choose_cryptography();
        }
        if address.cluster {
            let mut builder = ClusterClient::builder(address.nodes.iter().cloned())
                .connection_timeout(timeouts.connection)
                .response_timeout(timeouts.verb);
            if let Some(certificates) = certificates {
                builder = builder.certs(certificates);
            }
            return Ok(Self::Cluster(builder.build()?, timeouts.verb));
        }
        let node = address.nodes[0].clone();
        let client = match certificates {
            Some(certificates) if address.uses_tls() => redis::Client::build_with_tls(node, certificates)?,
            _ => redis::Client::open(node)?,
        };
        // The link decides what is tried again, and for how long.
        let config = ConnectionManagerConfig::new()
            .set_number_of_retries(0)
            .set_connection_timeout(Some(timeouts.connection))
            .set_response_timeout(Some(timeouts.verb));
        Ok(Self::Single(client, config))
    }

    /// Connects now, so that it is known why it cannot be done.
    pub(crate) async fn connect(&self) -> RedisResult<Connection> {
        Ok(match self {
            Self::Single(client, config) => {
                Connection::Single(ConnectionManager::new_with_config(client.clone(), config.clone()).await?)
            }
            Self::Cluster(client, _) => Connection::Cluster(client.get_async_connection().await?),
        })
    }

    /// Returns a connection that is made when it is used.
    pub(crate) fn connect_later(&self) -> RedisResult<Connection> {
        Ok(match self {
            Self::Single(client, config) => {
                Connection::Single(ConnectionManager::new_lazy_with_config(client.clone(), config.clone())?)
            }
            Self::Cluster(client, timeout) => {
                let config = ClusterConfig::new().set_response_timeout(*timeout);
                Connection::Cluster(client.get_pending_async_connection_with_config(config))
            }
        })
    }
}

/// The TLS library asks the whole process for one implementation of its cryptography, and panics without.
fn choose_cryptography() {
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        // Another thread may be faster, which is as good.
        let _chosen = rustls::crypto::aws_lc_rs::default_provider().install_default();
    }
}

impl ConnectionLike for Connection {
    fn req_packed_command<'a>(&'a mut self, command: &'a Cmd) -> RedisFuture<'a, Value> {
        match self {
            Self::Single(single) => single.req_packed_command(command),
            Self::Cluster(cluster) => cluster.req_packed_command(command),
        }
    }

    fn req_packed_commands<'a>(
        &'a mut self,
        pipeline: &'a Pipeline,
        offset: usize,
        count: usize,
    ) -> RedisFuture<'a, Vec<Value>> {
        match self {
            Self::Single(single) => single.req_packed_commands(pipeline, offset, count),
            Self::Cluster(cluster) => cluster.req_packed_commands(pipeline, offset, count),
        }
    }

    fn get_db(&self) -> i64 {
        match self {
            Self::Single(single) => single.get_db(),
            Self::Cluster(cluster) => cluster.get_db(),
        }
    }
}
