//! Reads a stream of invoices back and counts what is wrong with it.

use std::collections::{HashMap, HashSet};

use futures::TryStreamExt;
use headwater::source::Until;
use headwater_kinesis::codec;
use serde::Serialize;

use crate::{Endpoint, Invoice, Outcome};

/// What a relay did to its records.
#[derive(Clone, Debug, Serialize)]
pub struct Audit {
    /// How many orders were written.
    pub sent: u64,
    /// How many of them are in the target, each counted once.
    pub relayed: u64,
    /// How many are not.
    pub lost: u64,
    /// How many times an invoice is there again.
    pub repeated: u64,
    /// How many invoices first appear behind a later one of their customer.
    pub out_of_order: u64,
    /// How long it all took.
    pub seconds: f64,
}

impl Audit {
    /// Reads `stream` from its beginning to its tip.
    ///
    /// # Errors
    ///
    /// What the stream answers.
    pub async fn of(endpoint: &Endpoint, stream: &str, sent: u64, seconds: f64) -> Outcome<Self> {
        let source = endpoint.source(stream).application("audit").until(Until::Tip).connect().await?;
        let mut invoices = source.decode(codec::json::<Invoice>());
        let mut audit = Self { sent, relayed: 0, lost: 0, repeated: 0, out_of_order: 0, seconds };
        let mut seen = HashSet::new();
        let mut latest: HashMap<String, u64> = HashMap::new();
        while let Some(invoice) = invoices.try_next().await? {
            let Invoice { order, customer, .. } = invoice.payload();
            let (order, customer) = (*order, customer.clone());
            if !seen.insert(order) {
                audit.repeated += 1;
            } else if latest.get(&customer).is_some_and(|&latest| latest > order) {
                audit.out_of_order += 1;
            } else {
                latest.insert(customer, order);
            }
            invoice.ack();
        }
        audit.seconds = (audit.seconds * 100.0).round() / 100.0;
        audit.relayed = seen.len() as u64;
        audit.lost = (0..sent).filter(|order| !seen.contains(order)).count() as u64;
        Ok(audit)
    }

    /// Tells whether every order arrived.
    pub fn is_complete(&self) -> bool {
        self.lost == 0 && self.out_of_order == 0
    }
}
