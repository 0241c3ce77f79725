//! A worker of a fleet in a process of its own: what it is told, and what it says.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use headwater::{Message, Position};
use serde::{Deserialize, Serialize};

/// What the `worker` program is to do.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct WorkerJob {
    /// The endpoint
    pub url: String,
    /// The stream, whose payloads are numbers
    pub stream: String,
    /// The application
    pub application: String,
    /// Where its checkpoints and leases are kept, as [`open_store`](crate::open_store) takes it
    pub store: String,
    /// The name of the worker
    pub worker: String,
    /// How long a lease lives unrenewed
    pub lease_time: Duration,
    /// How often watermarks are stored
    pub commit_interval: Duration,
    /// How long it works at each message before it acks it
    pub hold: Duration,
    /// How many messages it works at at a time
    pub in_hand: usize,
    /// The stream that it relays to, which acks then
    pub sink: Option<String>,
}

/// A line that a worker says.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Line {
    /// When it was said, in microseconds of Unix time: workers on one machine have one clock
    pub at: u64,
    /// What was said
    pub said: Said,
}

/// What a worker says.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub enum Said {
    /// Every shard that it may read has a place to read from.
    Ready,
    /// A message was handed out.
    Out(Out),
    /// A message is done, and is acked next.
    Done(Out),
    /// The shards that it reads are now others than before.
    Reads(Vec<String>),
    /// It ended in order.
    Ended,
    /// It ended with an error.
    Failed(String),
}

/// A message that was handed out.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Out {
    /// The shard
    pub shard: String,
    /// The sequence number
    pub sequence: String,
    /// The sub-sequence number, for one of an aggregate
    pub sub_sequence: Option<u64>,
    /// The number that it holds
    pub number: usize,
    /// The fencing token of the lease by which it was read
    pub token: u64,
}

impl Line {
    /// Says something now.
    pub fn new(said: Said) -> Self {
        Self { at: now(), said }
    }
}

impl Out {
    /// Takes down a message of a source.
    ///
    /// # Panics
    ///
    /// When it holds no number, or is of no source.
    pub fn of(message: &Message<Bytes>) -> Self {
        let origin = message.origin().expect("a source names the origin");
        let text = std::str::from_utf8(message.payload()).expect("a number");
        Self {
            shard: origin.shard().to_string(),
            sequence: origin.sequence().to_string(),
            sub_sequence: origin.sub_sequence(),
            number: text.parse().expect("a number"),
            token: origin.fencing_token().0,
        }
    }

    /// The position that its ack stands for.
    pub fn position(&self) -> Position {
        Position::After { sequence: self.sequence.as_str().into(), sub_sequence: self.sub_sequence }
    }
}

/// The time, in microseconds of Unix time.
pub(crate) fn now() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("it is later than 1970");
    u64::try_from(now.as_micros()).expect("it is earlier than the year 500,000")
}
