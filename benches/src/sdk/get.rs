//! Reading: a task for each shard.

use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::endpoint::Endpoint;
use crate::format::Format;
use crate::outcome::Outcome;
use crate::sdk::pages::Pages;

/// Reads a stream and decodes each record, resting for each thousand. Returns how many there were.
pub(crate) async fn get(endpoint: &Endpoint, stream: &str, format: Format, rest: Duration) -> Outcome<usize> {
    let mut shards = JoinSet::new();
    for pages in Pages::of_each_shard(endpoint, stream).await? {
        shards.spawn(read(pages, format, rest));
    }
    let mut count = 0;
    while let Some(read) = shards.join_next().await {
        count += read??;
    }
    Ok(count)
}

async fn read(mut pages: Pages, format: Format, rest: Duration) -> Outcome<usize> {
    let mut count = 0;
    while let Some(records) = pages.next().await? {
        count += records.len();
        let rest = rest.mul_f64(records.len() as f64 / 1e3);
        for record in records {
            format.decode(record.data.into_inner())?;
        }
        if !rest.is_zero() {
            sleep(rest).await;
        }
    }
    Ok(count)
}
