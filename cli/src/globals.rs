//! The flags that every command takes.

use std::path::PathBuf;

use clap::{ArgAction, Args};

/// Where Kinesis is and how much is told.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Global options")]
pub(crate) struct Globals {
    /// The AWS region. Otherwise: AWS_REGION, the profile, the ARN of the stream
    #[arg(long, global = true, value_name = "REGION")]
    pub(crate) region: Option<String>,
    /// A profile of the shared AWS configuration. Otherwise: AWS_PROFILE
    #[arg(long, global = true, value_name = "NAME")]
    pub(crate) profile: Option<String>,
    /// Where Kinesis answers. Otherwise: AWS_ENDPOINT_URL_KINESIS, AWS_ENDPOINT_URL, ENDPOINT_URL
    #[arg(long, global = true, value_name = "URL", value_parser = url)]
    pub(crate) endpoint_url: Option<String>,
    /// A file of defaults for these flags. Otherwise: HEADWATER_CONFIG, then headwater/config.toml where
    /// configuration is kept
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Tell more on standard error: warnings alone without it, -v what is done, -vv why, -vvv everything.
    /// RUST_LOG overrides it
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub(crate) verbose: u8,
}

/// Reads a URL, of which the SDK would only tell at the first call that it is none.
fn url(written: &str) -> Result<String, String> {
    let host = written.strip_prefix("http://").or_else(|| written.strip_prefix("https://"));
    match host {
        Some("") | None => Err("http://HOST[:PORT] or https://HOST[:PORT] is right".to_owned()),
        Some(_) => Ok(written.to_owned()),
    }
}
