//! A shard with the limits of Kinesis: how much of them the sink uses, how often it is throttled, and whether each key
//! keeps its order.

use std::collections::HashMap;
use std::time::Duration;

use bytes::Bytes;
use futures::{StreamExt, stream};
use headwater::{Key, Message};
use headwater_kinesis::KinesisSink;
use headwater_local::{LocalKinesis, ShardRates};
use serde::Serialize;
use tokio::time::{Instant, sleep};

use crate::endpoint::Endpoint;
use crate::outcome::Outcome;
use crate::sdk::Pages;

/// How long it takes until the shard's first second, which it gives in advance, is used up.
const START: Duration = Duration::from_secs(2);
/// How long the shard is watched after that.
const TIME: Duration = Duration::from_secs(18);
/// For how long there is more to write than the shard takes while it is watched.
const SPARE: Duration = Duration::from_secs(2);
/// How many keys there are.
const KEYS: usize = 200;
/// How long a message is, in bytes: one at which records are the limit, and one at which bytes are.
const SIZES: [usize; 2] = [100, 4_000];

/// What came of a limited shard.
#[derive(Clone, Debug, Serialize)]
pub struct Limited {
    /// How long a message was, in bytes.
    pub size: usize,
    /// How much of what the shard takes was used after the start: 1 is all.
    pub used: f64,
    /// How many of the attempts to put a record were throttled: 1 is all.
    pub throttled: f64,
    /// Whether each key kept its order.
    pub ordered: bool,
}

/// Writes a limited shard for a while, with messages of each size.
///
/// # Errors
///
/// When a call failed, or a record was lost.
pub async fn limited() -> Outcome<Vec<Limited>> {
    let mut found = Vec::new();
    for size in SIZES {
        found.push(write(size).await?);
    }
    Ok(found)
}

async fn write(size: usize) -> Outcome<Limited> {
    const STREAM: &str = "limited";
    let server = LocalKinesis::builder().stream(STREAM, 1).rates(ShardRates::aws()).serve().await?;
    let endpoint = Endpoint::unlimited(&server.endpoint_url());
    let key = |n: usize| format!("customer-{}", n % KEYS);
    let rate = (1_000.0_f64).min(f64::from(1 << 20) / (size + key(0).len()) as f64);
    let sink = KinesisSink::builder(STREAM).sdk_config(endpoint.config.clone()).connect().await?;

    // More than fits: what is not sent when the time is over is not missed.
    let count = (rate * (START + TIME + SPARE).as_secs_f64()) as usize;
    let messages = stream::iter(0..count).map(move |n| {
        let payload = format!("{n:0size$}");
        Ok(Message::keyed(Bytes::from(payload), Key::new(key(n))))
    });
    let sending = tokio::spawn(messages.forward(sink));
    sleep(START).await;
    let (before, since) = (server.counters(), Instant::now());
    sleep(TIME).await;
    let (after, seconds) = (server.counters(), since.elapsed().as_secs_f64());
    sending.await??;

    let stored = (after.entries_accepted() - before.entries_accepted()) as f64;
    let all = server.counters();
    let attempts = (all.entries_accepted() + all.entries_failed()) as f64;
    server.rates().clear();
    let ordered = in_order(&endpoint, STREAM, count).await?;
    let (used, throttled) = (stored / seconds / rate, all.entries_failed() as f64 / attempts);
    Ok(Limited { size, used, throttled, ordered })
}

/// Whether the first occurrences of each key's messages stand in the order in which they were sent.
async fn in_order(endpoint: &Endpoint, stream: &str, count: usize) -> Outcome<bool> {
    let (mut last, mut seen, mut ordered) = (HashMap::new(), vec![false; count], true);
    for mut pages in Pages::of_each_shard(endpoint, stream).await? {
        while let Some(records) = pages.next().await? {
            for record in records {
                let n: usize = String::from_utf8(record.data.into_inner())?.parse()?;
                if !std::mem::replace(&mut seen[n], true) {
                    let before = last.insert(record.partition_key, n);
                    ordered &= before.is_none_or(|before| before < n);
                }
            }
        }
    }
    match seen.iter().filter(|seen| !**seen).count() {
        0 => Ok(ordered),
        lost => Err(format!("{lost} of {count} records are not in {stream}").into()),
    }
}

/// Writes what was found as a table in Markdown.
pub fn limited_table(found: &[Limited]) -> String {
    let row = |limited: &Limited| {
        let (used, throttled) = (limited.used * 100.0, limited.throttled * 100.0);
        let order = if limited.ordered { "kept" } else { "**broken**" };
        vec![limited.size.to_string(), format!("{used:.1} %"), format!("{throttled:.2} %"), order.to_owned()]
    };
    let head = ["bytes", "of the limit", "attempts throttled", "order"].map(str::to_owned);
    crate::speed::markdown(&head, &found.iter().map(row).collect::<Vec<_>>())
}
