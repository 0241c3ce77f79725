//! The orders that the examples send.

use std::collections::HashSet;

use futures::{StreamExt, TryStreamExt, stream};
use headwater::Message;
use headwater::source::Until;
use headwater_kinesis::codec;
use indicatif::ProgressBar;
use serde::{Deserialize, Serialize};

use crate::{Endpoint, Outcome};

/// How many customers there are. Each one's orders stay in order.
const CUSTOMERS: u64 = 5_000;

/// An order of about 1 KB.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Order {
    /// Its number, from 0 without gaps.
    pub id: u64,
    /// Who ordered; the partition key.
    pub customer: String,
    /// What fills the order up.
    pub note: String,
}

/// What becomes of an order.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Invoice {
    /// The number of the order.
    pub order: u64,
    /// Who pays.
    pub customer: String,
    /// What fills the invoice up.
    pub text: String,
}

impl Order {
    /// Makes an order.
    pub fn new(id: u64) -> Self {
        Self { id, customer: format!("customer-{}", id % CUSTOMERS), note: "n".repeat(950) }
    }

    /// Keys the order by its customer.
    pub fn into_message(self) -> Message<Self> {
        let key = self.customer.clone();
        Message::keyed(self, key)
    }
}

impl From<Order> for Invoice {
    fn from(order: Order) -> Self {
        Self { order: order.id, customer: order.customer, text: order.note }
    }
}

/// Sees to it that a stream holds the orders from 0 to `count`: writes those that it lacks.
///
/// # Errors
///
/// What the stream answers.
pub async fn fill(endpoint: &Endpoint, stream: &str, count: u64) -> Outcome {
    let sink = endpoint.sink(stream).create_stream(4).connect().await?.encode(codec::json());
    let written = endpoint.source(stream).until(Until::Tip).connect().await?.decode(codec::json::<Order>());
    let written: HashSet<u64> = written
        .map_ok(|order| {
            let id = order.payload().id;
            order.ack();
            id
        })
        .try_collect()
        .await?;
    let bar = ProgressBar::new(count - written.len() as u64).with_message("writing");
    let missing = (0..count).filter(|id| !written.contains(id));
    let orders = stream::iter(missing.map(|id| Ok(Order::new(id).into_message())));
    orders.inspect(|_| bar.inc(1)).forward(sink).await?;
    bar.finish_and_clear();
    Ok(())
}
