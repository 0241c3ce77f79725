//! What the SDK needs to call a server that checks nothing.

use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_runtime_api::client::http::SharedHttpClient;

/// The region that all servers serve.
const REGION: &str = "us-east-1";

/// How long one call may take. The slowest, of some MiB on a server in JavaScript, takes a second on an idle machine, and half
/// a minute on one that has a dozen other things to do.
const CALL_LIMIT: Duration = Duration::from_mins(2);

/// What a client of an endpoint that listens on plain HTTP is made from: dummy credentials, no retries, a time limit on each
/// call.
pub fn dummy_config(url: &str) -> SdkConfig {
    config_over(url, aws_smithy_http_client::Builder::new().build_http())
}

/// The same over an HTTP client of the caller's.
pub(crate) fn config_over(url: &str, http_client: SharedHttpClient) -> SdkConfig {
    let credentials = Credentials::from_keys("AKIDHEADWATER", "headwater", None);
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::from_static(REGION))
        .endpoint_url(url)
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .http_client(http_client)
        .retry_config(RetryConfig::disabled())
        .timeout_config(TimeoutConfig::builder().operation_timeout(CALL_LIMIT).build())
        .build()
}
