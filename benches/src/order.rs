//! The message that is sent: a struct of text and numbers.

use serde::{Deserialize, Serialize};

/// What an order's note is cut from.
const WORDS: &str = "please leave the parcel with the neighbour on the second floor if nobody opens, ring twice, \
    mind the dog, and call before noon on working days; the gate closes at six and the lift is out of order ";

/// How long the shortest order is as JSON, in bytes: one without articles and note.
pub(crate) const LEAST_BYTES: usize = 320;

/// Makes a text that is so long, in ASCII and without quotes, the same one for the same number.
pub(crate) fn words(id: u64, len: usize) -> String {
    WORDS.chars().cycle().skip(id as usize % WORDS.len()).take(len).collect()
}

/// An order of a shop.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Order {
    id: u64,
    customer: String,
    email: String,
    placed_at: String,
    status: String,
    currency: String,
    total_cents: u64,
    weight_kg: f64,
    is_gift: bool,
    street: String,
    city: String,
    lines: Vec<Line>,
    note: String,
}

/// One article of an order.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Line {
    sku: String,
    title: String,
    quantity: u32,
    price_cents: u64,
}

impl Order {
    /// Makes an order that is so long as JSON, the same one for the same number.
    ///
    /// It has three articles where there is room for them, and the note fills the rest.
    pub(crate) fn new(id: u64, size: usize) -> serde_json::Result<Self> {
        let mut order = Self::without_note(id);
        let mut len = serde_json::to_vec(&order)?.len();
        while len > size && order.lines.pop().is_some() {
            len = serde_json::to_vec(&order)?.len();
        }
        order.note = words(id, size.saturating_sub(len));
        Ok(order)
    }

    fn without_note(id: u64) -> Self {
        let lines = (0..3).map(|line| Line {
            sku: format!("SKU-{:06}", (id * 7 + line * 131) % 1_000_000),
            title: format!("Article number {line} of the autumn catalogue"),
            quantity: (id % 5 + line + 1) as u32,
            price_cents: 499 + id * 13 % 20_000,
        });
        Self {
            id,
            customer: format!("customer-{id}"),
            email: format!("customer-{id}@mail.example.com"),
            placed_at: format!("2025-03-{:02}T{:02}:{:02}:07Z", id % 28 + 1, id % 24, id % 60),
            status: "accepted".to_owned(),
            currency: "EUR".to_owned(),
            total_cents: 1_999 + id * 37 % 100_000,
            weight_kg: (id % 400) as f64 / 16.0,
            is_gift: id.is_multiple_of(9),
            street: format!("{} Harbour Street, back building", id % 250 + 1),
            city: "Port Example".to_owned(),
            lines: lines.collect(),
            note: String::new(),
        }
    }
}
