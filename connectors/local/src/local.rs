//! The handle of an endpoint.

use std::net::SocketAddr;
use std::sync::Arc;

use aws_sdk_kinesis::config::{BehaviorVersion, Credentials, Region, SharedCredentialsProvider};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_types::SdkConfig;

use crate::builder::{LocalKinesisBuilder, loopback};
use crate::connector::InProcess;
use crate::counters::Counters;
use crate::endpoint::{Endpoint, KeyRefusal};
use crate::error::Error;
use crate::faults::FaultSwitch;
use crate::rates::RateSwitch;
use crate::server::Server;
use crate::settings::Settings;

/// Where in-process requests seem to go. No name is ever resolved: the connector takes them before that.
const IN_PROCESS_URL: &str = "http://kinesis.local";

/// A Kinesis endpoint inside this process. Clones are handles of the same endpoint.
///
/// Clients reach it without a socket through [`client`](Self::client),
/// [`kinesis_config`](Self::kinesis_config) or [`sdk_config`](Self::sdk_config), and over TCP after
/// [`serve`](Self::serve). Tests also create, reshard, fill and inspect its streams directly: those methods
/// never suffer faults, rates or delays.
///
/// Requests are not authenticated: a signature may be anything, or absent.
///
/// ```
/// use headwater_local::LocalKinesis;
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let local = LocalKinesis::builder().stream("orders", 4).build();
/// let client = local.client();
/// client.put_record().stream_name("orders").partition_key("k").data(b"hello"[..].into()).send().await?;
///
/// let records = local.records("orders")?;
/// assert_eq!(records[0].partition_key, "k");
/// assert_eq!(&records[0].data[..], b"hello");
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct LocalKinesis {
    endpoint: Arc<Endpoint>,
}

impl LocalKinesis {
    /// Makes an endpoint without streams, delays, limits or faults.
    pub fn new() -> Self {
        Self::with_settings(Settings::default())
    }

    /// Begins to build an endpoint.
    pub fn builder() -> LocalKinesisBuilder {
        LocalKinesisBuilder::default()
    }

    pub(crate) fn with_settings(settings: Settings) -> Self {
        Self { endpoint: Arc::new(Endpoint::new(settings)) }
    }

    pub(crate) fn endpoint(&self) -> Arc<Endpoint> {
        Arc::clone(&self.endpoint)
    }

    /// Serves the endpoint on a free port of the loopback interface.
    ///
    /// # Errors
    ///
    /// When the port cannot be opened.
    pub async fn serve(&self) -> Result<Server, Error> {
        self.bind(loopback()).await
    }

    /// Serves the endpoint on an address. Only an address that is not a loopback one lets other machines in,
    /// and nothing checks who they are.
    ///
    /// # Errors
    ///
    /// When the port cannot be opened.
    pub async fn bind(&self, address: impl Into<SocketAddr>) -> Result<Server, Error> {
        Server::bind(self.clone(), address.into()).await
    }

    /// Returns a client that talks to the endpoint without a socket.
    pub fn client(&self) -> aws_sdk_kinesis::Client {
        aws_sdk_kinesis::Client::from_conf(self.kinesis_config().build())
    }

    /// Returns a client configuration that leads to the endpoint without a socket. Retries are as the SDK has
    /// them.
    pub fn kinesis_config(&self) -> aws_sdk_kinesis::config::Builder {
        self.base_config().endpoint_url(IN_PROCESS_URL).http_client(self.http_client())
    }

    /// Returns a configuration for any SDK client. Of the SDK's services it leads to Kinesis only.
    pub fn sdk_config(&self) -> SdkConfig {
        SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(self.region())
            .credentials_provider(SharedCredentialsProvider::new(credentials()))
            .endpoint_url(IN_PROCESS_URL)
            .http_client(self.http_client())
            .build()
    }

    /// Returns the HTTP client that leads to the endpoint without a socket, whatever URL is asked for.
    pub fn http_client(&self) -> SharedHttpClient {
        SharedHttpClient::new(InProcess(self.endpoint()))
    }

    /// Returns the region of the endpoint's ARNs.
    pub fn region(&self) -> Region {
        Region::new(self.endpoint.account.settings.region.clone())
    }

    /// Switches faults.
    pub fn faults(&self) -> FaultSwitch {
        self.endpoint.faults.clone()
    }

    /// Switches the limits of shards.
    pub fn rates(&self) -> RateSwitch {
        self.endpoint.rates.clone()
    }

    /// Returns what happened so far.
    pub fn counters(&self) -> Counters {
        self.endpoint.tally.snapshot()
    }

    /// Expires every iterator that was handed out before: using one gives ExpiredIteratorException.
    pub fn expire_iterators(&self) {
        self.endpoint.account.expire_iterators();
    }

    /// Answers calls signed with this access key with UnrecognizedClientException.
    pub fn deny_access_key(&self, access_key_id: &str) {
        self.endpoint.refuse_access_key(access_key_id, KeyRefusal::Unknown);
    }

    /// Answers calls signed with this access key with ExpiredTokenException, as a session that is over is.
    ///
    /// ```
    /// use aws_sdk_kinesis::error::ProvideErrorMetadata;
    /// use headwater_local::LocalKinesis;
    ///
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let local = LocalKinesis::builder().stream("orders", 1).build();
    /// let client = local.client(); // signs with the access key `local`
    /// local.expire_access_key("local");
    /// let refused = client.list_shards().stream_name("orders").send().await.unwrap_err();
    /// assert_eq!(refused.code(), Some("ExpiredTokenException"));
    ///
    /// local.allow_access_key("local");
    /// client.list_shards().stream_name("orders").send().await?;
    /// # Ok(()) }
    /// ```
    pub fn expire_access_key(&self, access_key_id: &str) {
        self.endpoint.refuse_access_key(access_key_id, KeyRefusal::Expired);
    }

    /// Takes back [`deny_access_key`](Self::deny_access_key) and [`expire_access_key`](Self::expire_access_key).
    pub fn allow_access_key(&self, access_key_id: &str) {
        self.endpoint.allow_access_key(access_key_id);
    }

    /// What every client configuration has, apart from the way in.
    pub(crate) fn base_config(&self) -> aws_sdk_kinesis::config::Builder {
        aws_sdk_kinesis::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(self.region())
            .credentials_provider(credentials())
    }
}

impl Default for LocalKinesis {
    fn default() -> Self {
        Self::new()
    }
}

/// Credentials that the SDK can sign with. The endpoint does not look at the signature.
fn credentials() -> Credentials {
    Credentials::new("local", "local", None, None, "headwater-local")
}
