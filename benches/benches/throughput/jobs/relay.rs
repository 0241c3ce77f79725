//! Relaying: at-least-once from end to end.

use aws_types::SdkConfig;
use futures::StreamExt;
use headwater::Result;

use crate::jobs::{sink, source};

/// Copies one stream into another. Returns how many requests it took.
pub(crate) async fn relay(config: &SdkConfig, from: &str, to: &str) -> Result<u64> {
    let source = source::connecting(config, from).connect().await?;
    let control = source.control();
    let sink = sink::connecting(config, to).connect().await?;
    let status = sink.status();
    source.forward(sink).await?;
    control.finished().await?; // the last checkpoint is stored
    Ok(status.requests())
}
