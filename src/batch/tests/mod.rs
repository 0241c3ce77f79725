//! What the sink promises, against a service that does as it is told.

mod adverse;
mod back_pressure;
mod compressed;
mod cost;
mod dead_letters;
mod delivery;
mod ending;
mod fake;
mod framing;
mod graves;
mod lanes;
mod model;
mod order;
mod pairs;
mod payloads;
mod properties;
mod retrying;
mod sealing;
mod senders;
mod sharing;
mod stream;
mod telling;

use std::cell::Cell;

use bytes::Bytes;
use tokio::time::Instant;

use crate::checkpoint::Tracker;
use crate::{Headers, Message, Position};

/// Makes a message whose payload is its number.
fn numbered(key: impl Into<String>, number: u32) -> Message<Bytes> {
    Message::keyed(number.to_string().into(), key.into())
}

/// Makes `count` messages of one shard that owe their acks to a tracker.
fn owing(count: u32, key: impl Fn(u32) -> String) -> (Tracker, Vec<Message<Bytes>>) {
    let tracker = Tracker::new();
    let acks = tracker.open((0..count).map(|number| (after(number), None)));
    let messages = acks
        .enumerate()
        .map(|(number, ack)| {
            let payload = number.to_string().into();
            Message::from_parts(payload, Some(key(number as u32).into()), Headers::new(), None, ack)
        })
        .collect();
    (tracker, messages)
}

/// The position after a message of [`owing`].
fn after(number: u32) -> Position {
    Position::After { sequence: (number + 1).to_string().into(), sub_sequence: None }
}

thread_local! {
    static POLLS: Cell<(Option<Instant>, u32)> = const { Cell::new((None, 0)) };
    static SPUN: Cell<bool> = const { Cell::new(false) };
}

/// How often an engine may be polled while the clock stands still.
const POLLS_AT_ONCE: u32 = 100_000;

/// Counts a poll of an engine, and stops one that is polled for ever while time is paused.
pub(super) fn count_poll() {
    let now = Instant::now();
    let (at, polls) = POLLS.get();
    let polls = if at == Some(now) { polls + 1 } else { 0 };
    POLLS.set((Some(now), polls));
    SPUN.set(SPUN.get() || polls > POLLS_AT_ONCE);
    assert!(polls <= POLLS_AT_ONCE, "the engine spins");
}

/// Tells whether an engine of this thread was stopped because it was polled for ever.
fn has_spun() -> bool {
    SPUN.get()
}
