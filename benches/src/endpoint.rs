//! Where the records go.

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_kinesis::Client;
use aws_sdk_kinesis::config::{BehaviorVersion, Region};
use aws_types::SdkConfig;
use headwater_kinesis::Limits;

/// The most bytes of a request to Kinesis: 10 MiB.
pub(crate) const REQUEST_BYTES: usize = 10 << 20;

/// An endpoint that speaks Kinesis, and what it takes.
#[derive(Clone, Debug)]
pub struct Endpoint {
    /// How it is reached. Each run makes a client of its own from it.
    pub config: SdkConfig,
    /// What a shard takes: with [`Limits::Unlimited`] both sides go as fast as they are answered.
    pub limits: Limits,
    /// The most bytes of a PutRecords request, on both sides.
    pub request_bytes: usize,
}

impl Endpoint {
    /// Describes a server without limits that checks no signatures, with everything else as the SDK has it.
    pub fn unlimited(url: &str) -> Self {
        let credentials = Credentials::from_keys("AKIDEXAMPLE", "example", None);
        let config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::from_static("us-east-1"))
            .endpoint_url(url)
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .build();
        Self { config, limits: Limits::Unlimited, request_bytes: REQUEST_BYTES }
    }

    /// Returns where it is, where that was given.
    pub(crate) fn url(&self) -> &str {
        self.config.endpoint_url().unwrap_or_default()
    }

    /// Returns a client of the SDK.
    pub(crate) fn client(&self) -> Client {
        Client::new(&self.config)
    }

    /// Whether shards take whatever comes.
    pub(crate) fn is_unlimited(&self) -> bool {
        self.limits == Limits::Unlimited
    }
}
