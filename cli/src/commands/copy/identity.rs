//! Which stream a copy is of.

use headwater_kinesis::StreamRef;
use serde::{Deserialize, Serialize};

use crate::connection::Connection;
use crate::failure::Failure;
use crate::stream_api::StreamApi;

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
    pub(super) async fn of(connection: &Connection, stream: &StreamRef) -> Result<Self, Failure> {
        let summary = StreamApi::new(connection, stream.clone())?.summary().await.map_err(Failure::failed)?;
        let created = summary.stream_creation_timestamp.to_millis().unwrap_or_default();
        Ok(Self { arn: summary.stream_arn, created })
    }
}
