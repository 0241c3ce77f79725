//! How Kinesis is reached.

use std::time::Duration;

use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use headwater_kinesis::{KinesisSink, KinesisSinkBuilder, KinesisSource, KinesisSourceBuilder, StreamRef};

use crate::globals::Globals;

/// What is signed with where nothing is checked.
pub(crate) const NOBODY: &str = "headwater";
/// The region of an endpoint on this machine, which has none.
const HERE: &str = "us-east-1";

/// A way to Kinesis, loaded once for each command.
#[derive(Clone, Debug)]
pub(crate) struct Connection {
    globals: Globals,
    config: SdkConfig,
}

impl Connection {
    /// Loads region, credentials and endpoint: the flags first, then the SDK's own chain.
    ///
    /// An endpoint on loopback without any credentials at hand is signed for as nobody: test servers check nothing.
    pub(crate) async fn load(globals: &Globals) -> Self {
        let config = load(globals, endpoint_url(globals)).await;
        Self { globals: globals.clone(), config }
    }

    /// The same region and credentials for a service that answers elsewhere: at this endpoint, or at its own of AWS.
    pub(crate) async fn elsewhere(&self, url: Option<String>) -> SdkConfig {
        load(&self.globals, url).await
    }

    /// The SDK's configuration.
    pub(crate) fn config(&self) -> &SdkConfig {
        &self.config
    }

    /// Starts to describe a source.
    pub(crate) fn source(&self, stream: &StreamRef) -> KinesisSourceBuilder {
        KinesisSource::builder(as_given(stream)).sdk_config(self.config.clone())
    }

    /// Starts to describe a sink.
    pub(crate) fn sink(&self, stream: &StreamRef) -> KinesisSinkBuilder {
        KinesisSink::builder(as_given(stream)).sdk_config(self.config.clone())
    }
}

/// A stream as it was given: its ARN says more than its name.
fn as_given(stream: &StreamRef) -> &str {
    stream.arn().unwrap_or(stream.name())
}

/// Loads what the flags and the SDK's own chain say, for an endpoint.
async fn load(globals: &Globals, url: Option<String>) -> SdkConfig {
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(3))
        .operation_attempt_timeout(Duration::from_secs(10))
        .operation_timeout(Duration::from_secs(30));
    let mut loader = aws_config::defaults(BehaviorVersion::latest()).timeout_config(timeouts.build());
    if let Some(profile) = &globals.profile {
        loader = loader.profile_name(profile);
    }
    if let Some(region) = &globals.region {
        loader = loader.region(Region::new(region.clone()));
    }
    if let Some(url) = &url {
        if is_loopback(url) && globals.profile.is_none() && has_no_credentials() {
            loader = loader.credentials_provider(Credentials::from_keys(NOBODY, NOBODY, None));
            if globals.region.is_none() && !any_set(&["AWS_REGION", "AWS_DEFAULT_REGION"]) {
                loader = loader.region(Region::from_static(HERE));
            }
        }
        loader = loader.endpoint_url(url);
    }
    let config = loader.load().await;
    match &globals.profile {
        // The SDK's own chain would take the keys of the environment and pass over the profile without a word.
        Some(profile) if any_set(&["AWS_ACCESS_KEY_ID"]) => with_credentials_of(profile, &config),
        _ => config,
    }
}

/// The same with the credentials of a profile, and no others.
fn with_credentials_of(profile: &str, config: &SdkConfig) -> SdkConfig {
    let at = ProviderConfig::without_region().with_region(config.region().cloned());
    let credentials = ProfileFileCredentialsProvider::builder().profile_name(profile).configure(&at).build();
    let credentials = SharedCredentialsProvider::new(credentials);
    config.clone().into_builder().credentials_provider(credentials).build()
}

/// The endpoint that was named, the most special name first.
fn endpoint_url(globals: &Globals) -> Option<String> {
    let named = |name| std::env::var(name).ok().filter(|url| !url.is_empty());
    globals
        .endpoint_url
        .clone()
        .or_else(|| named("AWS_ENDPOINT_URL_KINESIS"))
        .or_else(|| named("AWS_ENDPOINT_URL"))
        .or_else(|| named("ENDPOINT_URL"))
}

/// Whether a URL leads to this machine alone.
fn is_loopback(url: &str) -> bool {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let host = rest.split(['/', '?']).next().unwrap_or(rest);
    ["localhost", "127.", "[::1]"].iter().any(|here| host.starts_with(here))
}

fn has_no_credentials() -> bool {
    !any_set(&[
        "AWS_ACCESS_KEY_ID",
        "AWS_PROFILE",
        "AWS_WEB_IDENTITY_TOKEN_FILE",
        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    ])
}

fn any_set(names: &[&str]) -> bool {
    names.iter().any(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()))
}
