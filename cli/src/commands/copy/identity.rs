//! Which stream a copy is of.

use aws_sdk_kinesis::error::DisplayErrorContext;
use headwater_kinesis::StreamRef;
use serde::{Deserialize, Serialize};

use crate::connection::Connection;
use crate::failure::Failure;
use crate::portion::refused;

/// A stream, and not another of the same name in another region or from an earlier time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Identity {
    arn: String,
    /// When it was made, in milliseconds since 1970
    created: i64,
}

impl Identity {
    /// Asks for it.
    pub(super) async fn of(connection: &Connection, stream: &str) -> Result<Self, Failure> {
        let named: StreamRef = stream.parse().map_err(refused)?;
        let describe = connection.client().describe_stream_summary();
        let describe = match named.arn() {
            Some(arn) => describe.stream_arn(arn),
            None => describe.stream_name(stream),
        };
        let described = describe.send().await.map_err(|error| {
            Failure::failed(format!("describe stream {named}: {}", DisplayErrorContext(&error)))
        })?;
        let summary = described.stream_description_summary;
        let summary =
            summary.ok_or_else(|| Failure::failed(format!("describe stream {named}: it says nothing")))?;
        let created = summary.stream_creation_timestamp.to_millis().unwrap_or_default();
        Ok(Self { arn: summary.stream_arn, created })
    }
}
