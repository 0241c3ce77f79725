//! How a store is opened.

use std::time::Duration;

use aws_config::SdkConfig;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use headwater::Result;

use crate::DynamoDbCheckpoints;
use crate::connection::Connection;
use crate::naming::Naming;

/// Opens [`DynamoDbCheckpoints`].
///
/// What is not set comes from the SDK's own chain: environment, shared configuration and credential files, container
/// and instance metadata. The store may lie in another region or account than the stream.
///
/// # Example
///
/// ```
/// use std::time::Duration;
///
/// use headwater_dynamodb::DynamoDbCheckpoints;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> headwater::Result<()> {
/// let store = DynamoDbCheckpoints::builder()
///     .region("eu-central-1")
///     .table("billing-leases")
///     .attempt_timeout(Duration::from_secs(2))
///     .open()
///     .await?;
/// # let _ = store;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct DynamoDbCheckpointsBuilder {
    connection: Connection,
    naming: Naming,
}

impl DynamoDbCheckpointsBuilder {
    pub(crate) fn new() -> Self {
        Self { connection: Connection::default(), naming: Naming::Application }
    }

    /// Sets the name of the lease table, 3 to 245 letters, digits, '_', '.' and '-'. Default: the name of the
    /// application, which is where a KCL application of that name has its leases.
    ///
    /// One table belongs to one application on one stream; another is refused. Of this and
    /// [`table_per_stream`](Self::table_per_stream) the last wins.
    pub fn table(mut self, name: impl Into<String>) -> Self {
        self.naming = Naming::Fixed(name.into());
        self
    }

    /// Makes a lease table for each application and stream, for those that read several: the prefix, the application, a
    /// dot and the stream. What DynamoDB does not allow in a name is written as `_` and its bytes in hexadecimal.
    /// Default: one table, named after the application.
    ///
    /// # Example
    ///
    /// Application `billing` has its leases of stream `orders` in table `prod.billing.orders`:
    ///
    /// ```
    /// use headwater_dynamodb::DynamoDbCheckpoints;
    ///
    /// let store = DynamoDbCheckpoints::builder().table_per_stream("prod.");
    /// # drop(store);
    /// ```
    pub fn table_per_stream(mut self, prefix: impl Into<String>) -> Self {
        self.naming = Naming::PerStream(prefix.into());
        self
    }

    /// Sets the AWS region. Default: the SDK's own chain.
    pub fn region(mut self, region: impl Into<String>) -> Self {
        self.connection.region = Some(region.into());
        self
    }

    /// Chooses a profile of the shared configuration files. Default: `AWS_PROFILE`, then `default`.
    pub fn profile(mut self, profile: impl Into<String>) -> Self {
        self.connection.profile = Some(profile.into());
        self
    }

    /// Sets the endpoint. Default: `AWS_ENDPOINT_URL_DYNAMODB`, then `AWS_ENDPOINT_URL`, then AWS.
    pub fn endpoint_url(mut self, url: impl Into<String>) -> Self {
        self.connection.endpoint_url = Some(url.into());
        self
    }

    /// Sets where credentials come from. Default: the SDK's own chain.
    ///
    /// # Example
    ///
    /// ```
    /// use aws_credential_types::Credentials;
    /// use headwater_dynamodb::DynamoDbCheckpoints;
    ///
    /// let keys = Credentials::new("AKIDEXAMPLE", "secret", None, None, "example");
    /// let store = DynamoDbCheckpoints::builder().credentials_provider(keys);
    /// # drop(store);
    /// ```
    pub fn credentials_provider(mut self, provider: impl ProvideCredentials + 'static) -> Self {
        self.connection.credentials = Some(SharedCredentialsProvider::new(provider));
        self
    }

    /// Uses an SDK configuration: its region, credentials, endpoint and HTTP client. Its retries and timeouts are
    /// replaced by this crate's, and the builder's other settings come before it.
    pub fn sdk_config(mut self, config: SdkConfig) -> Self {
        self.connection.sdk_config = Some(config);
        self
    }

    /// Sets how long a connection may take to open. Default: 3 s.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connection.connect_timeout = timeout;
        self
    }

    /// Sets how long one attempt of a call may take. Default: 3 s.
    pub fn attempt_timeout(mut self, timeout: Duration) -> Self {
        self.connection.attempt_timeout = timeout;
        self
    }

    /// Sets how long a call may take with its tries: one that is throttled is made 6 times at most, with pauses that
    /// double from up to 50 ms. Default: 10 s.
    pub fn operation_timeout(mut self, timeout: Duration) -> Self {
        self.connection.operation_timeout = timeout;
        self
    }

    /// Sets how long a table that is being created is waited for. Default: 60 s.
    pub fn active_timeout(mut self, timeout: Duration) -> Self {
        self.connection.active_timeout = timeout;
        self
    }

    /// Opens the store. Nothing is called yet: the tables of an application are looked for, and made if they are
    /// missing, when it is first written.
    ///
    /// # Errors
    ///
    /// `Invalid` where there is no region, or a timeout is outside of 1 ms to 24 h.
    pub async fn open(self) -> Result<DynamoDbCheckpoints> {
        Ok(DynamoDbCheckpoints::new(self.connection.open().await?, self.naming))
    }
}
