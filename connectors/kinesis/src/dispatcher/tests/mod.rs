//! The dispatcher against an embedded endpoint.

mod accepting;
mod closing;
mod flushing;
mod keys;
mod memory;

use headwater_local::{Fault, Faults, LocalKinesis};
use serde::Serialize;

use crate::Unprocessed;
use crate::sink::{KinesisSink, KinesisSinkBuilder};

/// Describes a sink of stream `orders` of an embedded endpoint.
fn orders(local: &LocalKinesis) -> KinesisSinkBuilder {
    KinesisSink::builder("orders").client(local.client())
}

/// Has the endpoint fail in one way.
fn inject(local: &LocalKinesis, fault: Fault) {
    local.faults().set(Faults::seeded(1).add(fault));
}

/// Returns the numbers that are stored, in order.
fn stored(local: &LocalKinesis) -> Vec<u32> {
    let records = local.records("orders").unwrap();
    records.iter().map(|record| std::str::from_utf8(&record.data).unwrap().parse().unwrap()).collect()
}

/// Takes the payloads out, in order.
fn payloads<T>(unprocessed: Vec<Unprocessed<T>>) -> Vec<T> {
    unprocessed.into_iter().map(Unprocessed::into_payload).collect()
}

/// A payload whose partition key is its customer.
#[derive(Clone, Debug, PartialEq, Serialize)]
struct Order {
    customer: String,
    number: u32,
}
