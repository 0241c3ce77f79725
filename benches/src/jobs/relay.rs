//! Relaying: at-least-once from end to end.

use futures::{StreamExt, TryStreamExt};
use headwater::Result;

use crate::endpoint::Endpoint;
use crate::jobs::{sink, source};
use crate::laps::Laps;

/// Copies one stream into another. Returns how many requests it took.
pub(crate) async fn relay(endpoint: &Endpoint, from: &str, to: &str, laps: &Laps) -> Result<u64> {
    let source = source::connecting(endpoint, from).connect().await?;
    let control = source.control();
    let sink = sink::connecting(endpoint, to).connect().await?;
    let status = sink.status();
    source.inspect_ok(|_| laps.count()).forward(sink).await?;
    control.finished().await?; // the last checkpoint is stored
    Ok(status.requests())
}
