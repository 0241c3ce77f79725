//! How to reach Kinesis: region, credentials, endpoint, timeouts.

use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_kinesis::Client;
use aws_sdk_kinesis::config::{Builder, IdentityCache, StalledStreamProtectionConfig};
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use headwater::{Error, ErrorKind, Result};

use crate::StreamRef;
use crate::api::{Api, NewStream, StreamSummary};
use crate::identity::RenewableCache;
use crate::role::Role;
use crate::wire::{Dialect, Wire, exchangeable, is_exchangeable};

pub(crate) use crate::settings::connection_settings;

/// How long a timeout may be.
const TIMEOUTS: RangeInclusive<Duration> = Duration::from_millis(1)..=Duration::from_hours(24);
/// How many shards a stream may be created with, as far as the request can say.
const CREATED_SHARDS: RangeInclusive<u32> = 1..=i32::MAX.cast_unsigned();

/// What a builder knows of the connection. Everything that is not set comes from the SDK's own chain: environment,
/// shared configuration and credential files, container and instance metadata.
#[derive(Clone, Debug)]
pub(crate) struct Connection {
    pub(crate) stream: String,
    pub(crate) region: Option<String>,
    pub(crate) profile: Option<String>,
    pub(crate) endpoint_url: Option<String>,
    pub(crate) role: Option<String>,
    pub(crate) external_id: Option<String>,
    pub(crate) sdk_config: Option<SdkConfig>,
    pub(crate) client: Option<Client>,
    pub(crate) connect_timeout: Duration,
    pub(crate) attempt_timeout: Duration,
    pub(crate) create: Option<NewStream>,
    pub(crate) active_timeout: Duration,
    /// That of the environment, where it is not set.
    pub(crate) wire: Option<Wire>,
}

impl Connection {
    pub(crate) fn new(stream: String) -> Self {
        Self {
            stream,
            region: None,
            profile: None,
            endpoint_url: None,
            role: None,
            external_id: None,
            sdk_config: None,
            client: None,
            connect_timeout: Duration::from_secs(3),
            attempt_timeout: Duration::from_secs(10),
            create: None,
            active_timeout: Duration::from_mins(1),
            wire: None,
        }
    }

    /// Checks what can be checked before any call.
    pub(crate) fn check(&self) -> Result<()> {
        let invalid = |message: String| Err(Error::new(ErrorKind::Invalid, message));
        for (name, value) in
            [("attempt_timeout", self.attempt_timeout), ("connect_timeout", self.connect_timeout)]
        {
            if !TIMEOUTS.contains(&value) {
                return invalid(format!("{name} = {value:?}: 1 ms to 24 h is allowed"));
            }
        }
        if let Some(NewStream::Provisioned { shards }) = self.create
            && !CREATED_SHARDS.contains(&shards)
        {
            return invalid(format!("create_stream = {shards}: 1 to {} is allowed", CREATED_SHARDS.end()));
        }
        self.role()?;
        self.wire()?;
        match &self.endpoint_url {
            Some(url) if !is_url(url) => {
                invalid(format!("endpoint_url = \"{url}\": a URL such as http://127.0.0.1:4567 is needed"))
            }
            _ => Ok(()),
        }
    }

    fn wire(&self) -> Result<Wire> {
        self.wire.map_or_else(Wire::from_env, Ok)
    }

    /// Returns the role that is to be assumed, if any.
    fn role(&self) -> Result<Option<Role>> {
        let invalid = |message: &'static str| Err(Error::new(ErrorKind::Invalid, message));
        match (&self.role, &self.external_id) {
            (None, None) => Ok(None),
            (None, Some(_)) => {
                invalid("external_id: it is shown when a role is assumed: call assume_role(..)")
            }
            (Some(_), _) if self.client.is_some() => {
                invalid("assume_role: an SDK client does not give its credentials away: use sdk_config(..)")
            }
            (Some(arn), external_id) => Role::new(arn, external_id.as_deref()).map(Some),
        }
    }

    /// Names the endpoint or the region, for errors: most calls that fail go to the wrong one.
    fn place(&self, client: &Client) -> Arc<str> {
        let url = self.endpoint_url.as_deref().or(self.sdk_config.as_ref().and_then(SdkConfig::endpoint_url));
        match (url, client.config().region()) {
            (Some(url), _) => format!("at {url}").into(),
            (None, Some(region)) => format!("in {region}").into(),
            (None, None) => "in no region".into(),
        }
    }

    /// Connects to the stream, which is created where that was asked for, and waits until it can be used.
    pub(crate) async fn open(&self) -> Result<(Api, StreamSummary)> {
        let stream: StreamRef = self.stream.parse()?;
        let (client, own_http) = self.client(stream.region()).await?;
        let place = self.place(&client);
        let api = Api { client, own_http, stream, place, wire: Dialect::new(self.wire()?) };
        if let Some(new) = self.create {
            api.create_stream(new).await?;
        }
        let summary = api.active_stream(self.active_timeout).await?;
        Ok((api, summary))
    }

    /// Builds a client, and tells whether its HTTP client was made here. It neither retries nor waits for ever: retries are this crate's own, and the SDK sets no
    /// timeout but one for connecting.
    async fn client(&self, arn_region: Option<&str>) -> Result<(Client, bool)> {
        let (mut builder, base) = match (&self.client, &self.sdk_config) {
            (Some(client), _) => (client.config().to_builder(), None),
            (None, Some(config)) => (Builder::from(config), Some(config.clone())),
            (None, None) => {
                // On the heap: the SDK's loader would make every `connect` a future of twice the size.
                let loaded = Box::pin(self.load()).await;
                (Builder::from(&loaded), Some(loaded))
            }
        };
        if let Some(region) = &self.region {
            builder.set_region(Some(Region::new(region.clone())));
        }
        if let Some(url) = &self.endpoint_url {
            builder.set_endpoint_url(Some(url.clone()));
        }
        builder.set_retry_config(Some(RetryConfig::disabled()));
        builder.set_timeout_config(Some(self.timeouts(self.attempt_timeout)));
        // The attempt timeout bounds a stalled body too, and costs nothing per frame.
        builder.set_stalled_stream_protection(Some(StalledStreamProtectionConfig::disabled()));
        let config = builder.build();
        let region = choose_region(config.region(), arn_region)?;
        let cache = config.identity_cache().unwrap_or_else(|| IdentityCache::lazy().build());
        let mut builder =
            config.to_builder().region(region.clone()).identity_cache(RenewableCache::new(cache));
        if let (Some(role), Some(base)) = (self.role()?, base) {
            let base = base.into_builder().region(region);
            // A call waits for its role: were STS given as long, it would be the call that got no answer.
            let base = base.timeout_config(self.timeouts(self.attempt_timeout.mul_f64(0.8))).build();
            // On the heap for the same reason.
            builder = builder.credentials_provider(Box::pin(role.assumed_by(base)).await);
        }
        let exchanges = self.wire()? != Wire::Sdk && !is_exchangeable(&config);
        if exchanges {
            exchangeable(&mut builder, config.http_client());
        }
        // Where the SDK makes the HTTP client it makes one for each client that is built.
        let own_http = exchanges && config.http_client().is_none();
        Ok((Client::from_conf(builder.build()), own_http))
    }

    fn timeouts(&self, operation: Duration) -> TimeoutConfig {
        TimeoutConfig::builder()
            .connect_timeout(self.connect_timeout)
            .operation_attempt_timeout(operation)
            .operation_timeout(operation)
            .build()
    }

    async fn load(&self) -> SdkConfig {
        let mut loader = aws_config::defaults(BehaviorVersion::latest());
        if let Some(profile) = &self.profile {
            loader = loader.profile_name(profile);
        }
        loader.load().await
    }
}

/// Returns the region that is set, or else the one of the stream's ARN, which it must not contradict.
fn choose_region(set: Option<&Region>, arn: Option<&str>) -> Result<Region> {
    let invalid = |message: String| Err(Error::new(ErrorKind::Invalid, message));
    match (set, arn) {
        (None, None) => invalid(
            "connect to Kinesis: no region is set: call region(..), set AWS_REGION, or choose a profile"
                .into(),
        ),
        (Some(mine), Some(theirs)) if mine.as_ref() != theirs => invalid(format!(
            "connect to Kinesis in {mine}: the stream's ARN lies in {theirs}: set that region"
        )),
        (Some(region), _) => Ok(region.clone()),
        (None, Some(region)) => Ok(Region::new(region.to_owned())),
    }
}

fn is_url(text: &str) -> bool {
    text.parse::<http::Uri>().is_ok_and(|url| url.scheme().is_some() && url.authority().is_some())
}
