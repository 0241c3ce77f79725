//! Relaying: each page is put before the next one is asked for.

use aws_sdk_kinesis::Client;
use aws_sdk_kinesis::types::PutRecordsRequestEntry;
use tokio::task::JoinSet;

use crate::Outcome;
use crate::sdk::pages::Pages;
use crate::sdk::put::{REQUEST, send};

/// Copies one stream into another, a task for each shard.
pub(crate) async fn relay(client: &Client, from: &str, to: &str) -> Outcome {
    let mut shards = JoinSet::new();
    for pages in Pages::of_each_shard(client, from).await? {
        shards.spawn(copy(client.clone(), pages, to.to_owned()));
    }
    while let Some(copied) = shards.join_next().await {
        copied??;
    }
    Ok(())
}

async fn copy(client: Client, mut pages: Pages, to: String) -> Outcome {
    while let Some(records) = pages.next().await? {
        let mut entries = records.into_iter().map(|record| {
            let entry = PutRecordsRequestEntry::builder().data(record.data);
            entry.set_partition_key(record.partition_key).build()
        });
        loop {
            let request = entries.by_ref().take(REQUEST).collect::<Result<Vec<_>, _>>()?;
            if request.is_empty() {
                break;
            }
            send(&client, &to, request).await?;
        }
    }
    Ok(())
}
