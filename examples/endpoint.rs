//! Where Kinesis is.

use std::path::Path;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use clap::Args;
use headwater_kinesis::{KinesisSink, KinesisSinkBuilder, KinesisSource, KinesisSourceBuilder, Limits};
use headwater_local::{LocalKinesis, Server};

use crate::Failure;

/// Where Kinesis is: the embedded endpoint, unless one of these says otherwise.
#[derive(Args, Clone, Debug)]
pub struct EndpointArgs {
    /// A Kinesis endpoint, such as a local test server [also: AWS_ENDPOINT_URL_KINESIS, AWS_ENDPOINT_URL]
    #[arg(long, env = "AWS_ENDPOINT_URL_KINESIS")]
    endpoint_url: Option<String>,
    /// A region: uses Amazon Kinesis itself, at your expense
    #[arg(long)]
    region: Option<String>,
    /// A profile of your AWS configuration: uses Amazon Kinesis itself, at your expense
    #[arg(long)]
    profile: Option<String>,
}

/// A Kinesis to talk to. Dropping it ends the embedded one.
#[derive(Debug)]
pub struct Endpoint {
    config: SdkConfig,
    embedded: Option<Server>,
    enforces_limits: bool,
}

impl EndpointArgs {
    /// Finds Kinesis, or starts the embedded endpoint on a loopback port.
    ///
    /// # Errors
    ///
    /// When the embedded endpoint cannot listen.
    pub async fn connect(&self) -> Result<Endpoint, headwater_local::Error> {
        let url = self.endpoint_url.clone().or_else(|| std::env::var("AWS_ENDPOINT_URL").ok());
        if let Some(url) = url {
            let config = test_config(&url, self.region.as_deref());
            return Ok(Endpoint { config, embedded: None, enforces_limits: false });
        }
        if self.region.is_some() || self.profile.is_some() {
            let mut loader = aws_config::defaults(BehaviorVersion::latest());
            if let Some(profile) = &self.profile {
                loader = loader.profile_name(profile);
            }
            if let Some(region) = &self.region {
                loader = loader.region(Region::new(region.clone()));
            }
            return Ok(Endpoint { config: loader.load().await, embedded: None, enforces_limits: true });
        }
        let server = LocalKinesis::builder().serve().await?;
        let config = test_config(&server.endpoint_url(), None);
        Ok(Endpoint { config, embedded: Some(server), enforces_limits: false })
    }
}

impl EndpointArgs {
    /// Finds Kinesis for an example whose checkpoints outlive it, as the streams of the embedded endpoint do not.
    ///
    /// # Errors
    ///
    /// When there are such checkpoints and only the embedded endpoint, or as [`connect`](Self::connect).
    pub async fn connect_lasting(&self, store: Option<&Path>) -> Result<Endpoint, Failure> {
        let endpoint = self.connect().await?;
        if store.is_some() && endpoint.embedded().is_some() {
            return Err(Failure::new(
                "--store: the embedded streams end with the process; run `serve`, and name its URL",
            ));
        }
        Ok(endpoint)
    }
}

impl Endpoint {
    /// Starts to describe a source. Against an endpoint without limits it polls without a pace.
    pub fn source(&self, stream: &str) -> KinesisSourceBuilder {
        let builder = KinesisSource::builder(stream).sdk_config(self.config.clone());
        if self.enforces_limits { builder } else { builder.unpaced() }
    }

    /// Starts to describe a sink. Against an endpoint without limits it sends without a pace.
    pub fn sink(&self, stream: &str) -> KinesisSinkBuilder {
        let builder = KinesisSink::builder(stream).sdk_config(self.config.clone());
        if self.enforces_limits { builder } else { builder.limits(Limits::Unlimited) }
    }

    /// Returns the embedded endpoint, if it is the one in use.
    pub fn embedded(&self) -> Option<&LocalKinesis> {
        self.embedded.as_ref().map(Server::local)
    }
}

/// Test servers check no signature, so anything signs.
fn test_config(url: &str, region: Option<&str>) -> SdkConfig {
    let credentials = Credentials::from_keys("AKIDEXAMPLE", "example", None);
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(region.unwrap_or("us-east-1").to_owned()))
        .endpoint_url(url)
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .build()
}
