//! How to reach DynamoDB: region, credentials, endpoint, timeouts.

use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::{Builder, StalledStreamProtectionConfig};
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use headwater::{Error, ErrorKind, Result};

use crate::api::Api;

/// How long a timeout may be.
const TIMEOUTS: RangeInclusive<Duration> = Duration::from_millis(1)..=Duration::from_hours(24);

/// What a builder knows of the connection. Everything that is not set comes from the SDK's own chain.
#[derive(Clone, Debug)]
pub(crate) struct Connection {
    pub(crate) region: Option<String>,
    pub(crate) profile: Option<String>,
    pub(crate) endpoint_url: Option<String>,
    pub(crate) credentials: Option<SharedCredentialsProvider>,
    pub(crate) sdk_config: Option<SdkConfig>,
    pub(crate) connect_timeout: Duration,
    pub(crate) attempt_timeout: Duration,
    pub(crate) operation_timeout: Duration,
    pub(crate) active_timeout: Duration,
}

impl Default for Connection {
    fn default() -> Self {
        Self {
            region: None,
            profile: None,
            endpoint_url: None,
            credentials: None,
            sdk_config: None,
            connect_timeout: Duration::from_secs(3),
            attempt_timeout: Duration::from_secs(3),
            operation_timeout: Duration::from_secs(10),
            active_timeout: Duration::from_mins(1),
        }
    }
}

impl Connection {
    /// Builds a client that neither retries nor waits for ever: retries are this crate's own, and the SDK sets no
    /// timeout but one for connecting.
    pub(crate) async fn open(&self) -> Result<Api> {
        for (name, value) in [
            ("connect_timeout", self.connect_timeout),
            ("attempt_timeout", self.attempt_timeout),
            ("operation_timeout", self.operation_timeout),
            ("active_timeout", self.active_timeout),
        ] {
            if !TIMEOUTS.contains(&value) {
                let context = format!("{name} = {value:?}: 1 ms to 24 h is allowed");
                return Err(Error::new(ErrorKind::Invalid, context));
            }
        }
        let base = match &self.sdk_config {
            Some(config) => config.clone(),
            // On the heap: the SDK's loader would make every `open` a future of twice the size.
            None => Box::pin(self.load()).await,
        };
        let mut builder = Builder::from(&base);
        if let Some(region) = &self.region {
            builder.set_region(Some(Region::new(region.clone())));
        }
        if let Some(url) = &self.endpoint_url {
            builder.set_endpoint_url(Some(url.clone()));
        }
        if let Some(credentials) = &self.credentials {
            builder.set_credentials_provider(Some(credentials.clone()));
        }
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(self.connect_timeout)
            .operation_attempt_timeout(self.attempt_timeout)
            .operation_timeout(self.attempt_timeout);
        builder.set_timeout_config(Some(timeouts.build()));
        builder.set_retry_config(Some(RetryConfig::disabled()));
        // The attempt timeout bounds a stalled body too.
        builder.set_stalled_stream_protection(Some(StalledStreamProtectionConfig::disabled()));
        let client = Client::from_conf(builder.build());
        let Some(region) = client.config().region() else {
            let context =
                "connect to DynamoDB: no region is set: call region(..), set AWS_REGION, or choose a profile";
            return Err(Error::new(ErrorKind::Invalid, context));
        };
        let place: Arc<str> = match self.endpoint_url.as_deref().or(base.endpoint_url()) {
            Some(url) => format!("at {url}").into(),
            None => format!("in {region}").into(),
        };
        let (operation_timeout, active_timeout) = (self.operation_timeout, self.active_timeout);
        Ok(Api { client, place, operation_timeout, active_timeout })
    }

    async fn load(&self) -> SdkConfig {
        let mut loader = aws_config::defaults(BehaviorVersion::latest());
        if let Some(profile) = &self.profile {
            loader = loader.profile_name(profile);
        }
        loader.load().await
    }
}
