//! The sink against an embedded endpoint.

mod connecting;
mod delivery;
mod failing;
mod keys;

use bytes::Bytes;
use headwater::Message;
use headwater_local::LocalKinesis;

use crate::sink::{KinesisSink, KinesisSinkBuilder};

/// Describes a sink of stream `orders` of an embedded endpoint.
fn orders(local: &LocalKinesis) -> KinesisSinkBuilder {
    KinesisSink::builder("orders").client(local.client())
}

/// Makes a message whose payload is its number.
fn numbered(key: impl Into<String>, number: u32) -> Message<Bytes> {
    Message::keyed(number.to_string().into(), key.into())
}

/// Returns the numbers that are stored, in order; all, or those of one key.
fn numbers(local: &LocalKinesis, key: Option<&str>) -> Vec<u32> {
    let records = local.records("orders").unwrap();
    let of_key = records.iter().filter(|record| key.is_none_or(|key| record.partition_key == key));
    of_key.map(|record| std::str::from_utf8(&record.data).unwrap().parse().unwrap()).collect()
}
