//! Reading: a task for each shard.

use tokio::task::JoinSet;

use crate::endpoint::Endpoint;
use crate::format::Format;
use crate::outcome::Outcome;
use crate::sdk::pages::Pages;

/// Reads a stream and decodes each record. Returns how many there were.
pub(crate) async fn get(endpoint: &Endpoint, stream: &str, format: Format) -> Outcome<usize> {
    let mut shards = JoinSet::new();
    for pages in Pages::of_each_shard(endpoint, stream).await? {
        shards.spawn(read(pages, format));
    }
    let mut count = 0;
    while let Some(read) = shards.join_next().await {
        count += read??;
    }
    Ok(count)
}

async fn read(mut pages: Pages, format: Format) -> Outcome<usize> {
    let mut count = 0;
    while let Some(records) = pages.next().await? {
        count += records.len();
        for record in records {
            format.decode(record.data.into_inner())?;
        }
    }
    Ok(count)
}
