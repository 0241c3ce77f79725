//! What the pieces work on.

use bytes::Bytes;
use headwater::codec::Serializer;
use serde::{Deserialize, Serialize};

/// How many messages a piece works on at a time: a request's.
pub(crate) const MESSAGES: usize = 500;

/// About 1 KB of JSON.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Order {
    id: u64,
    customer: String,
    articles: Vec<Article>,
    note: Option<String>,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
struct Article {
    name: String,
    count: u32,
    price: f64,
}

impl Order {
    /// Makes the orders of a request.
    pub(crate) fn request() -> Vec<Self> {
        (0..MESSAGES as u64).map(Self::new).collect()
    }

    fn new(id: u64) -> Self {
        let article = |n| Article { name: format!("article {n}"), count: n, price: f64::from(n) * 1.25 };
        let note = Some("to be left at the door if nobody is at home".to_owned());
        Self { id, customer: format!("customer-{id}"), articles: (0..19).map(article).collect(), note }
    }
}

/// Serializes each of some orders.
pub(crate) fn serialized(serializer: &impl Serializer<Order>, orders: &[Order]) -> Vec<Bytes> {
    let serialize = |order| {
        let mut out = Vec::new();
        serializer.serialize(order, &mut out).expect("an order can be serialized");
        out.into()
    };
    orders.iter().map(serialize).collect()
}
