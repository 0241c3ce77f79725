//! Relaying: each page is put before the next one is asked for.

use tokio::task::JoinSet;

use crate::endpoint::Endpoint;
use crate::outcome::Outcome;
use crate::sdk::pages::Pages;
use crate::sdk::requests::Requests;

/// Copies one stream into another, a task for each shard.
pub(crate) async fn relay(endpoint: &Endpoint, from: &str, to: &str) -> Outcome {
    let mut shards = JoinSet::new();
    for pages in Pages::of_each_shard(endpoint, from).await? {
        shards.spawn(copy(endpoint.clone(), pages, to.to_owned()));
    }
    while let Some(copied) = shards.join_next().await {
        copied??;
    }
    Ok(())
}

async fn copy(endpoint: Endpoint, mut pages: Pages, to: String) -> Outcome {
    let mut requests = Requests::new(&endpoint, &to);
    while let Some(records) = pages.next().await? {
        for record in records {
            requests.put(record.partition_key.unwrap_or_default(), record.data.into_inner()).await?;
        }
        requests.send().await?;
    }
    Ok(())
}
