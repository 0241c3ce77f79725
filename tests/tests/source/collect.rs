//! Reading a source to the end and looking at what came.

use std::collections::HashMap;

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt};
use headwater::{Message, Result, Source};

/// A message as the tests look at it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) shard: String,
    pub(crate) key: String,
    pub(crate) text: String,
}

impl From<Message<Bytes>> for Seen {
    fn from(message: Message<Bytes>) -> Self {
        let origin = message.origin().expect("a source names the origin");
        let seen = Self {
            shard: origin.shard().to_string(),
            key: message.key().map(|key| key.partition_key().to_owned()).unwrap_or_default(),
            text: String::from_utf8_lossy(message.payload()).into_owned(),
        };
        message.ack();
        seen
    }
}

/// Reads a source until it ends by itself, acks everything, and waits for the last checkpoint.
pub(crate) async fn read(source: impl Source) -> Result<Vec<Seen>> {
    let control = source.control();
    let seen = source.map_ok(Seen::from).try_collect().await?;
    control.finished().await?;
    Ok(seen)
}

/// Reads `count` messages, acks them, and waits for the last checkpoint.
pub(crate) async fn read_some(source: impl Source, count: usize) -> Result<Vec<Seen>> {
    let control = source.control();
    let seen = source.take(count).map_ok(Seen::from).try_collect().await?;
    control.finished().await?;
    Ok(seen)
}

/// The texts, sorted as numbers.
pub(crate) fn numbers(seen: &[Seen]) -> Vec<usize> {
    let mut numbers: Vec<usize> = seen.iter().map(|seen| seen.text.parse().expect("a number")).collect();
    numbers.sort_unstable();
    numbers
}

/// Checks that every number was read once, and those of each key in their order.
pub(crate) fn assert_whole(seen: &[Seen], count: usize) {
    assert_eq!(numbers(seen), (0..count).collect::<Vec<_>>());
    let mut last: HashMap<&str, usize> = HashMap::new();
    for Seen { key, text, .. } in seen {
        let number = text.parse().unwrap();
        assert!(last.insert(key, number).is_none_or(|before| before < number), "{key} is out of order");
    }
}
