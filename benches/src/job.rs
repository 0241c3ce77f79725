//! What is measured.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

use crate::format::Format;
use crate::load::KEYS;
use crate::outcome::Error;
use crate::processor::Processor;

/// What keys the messages have, and whether each key has an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keys {
    /// Those of the load, each in order.
    Load,
    /// None.
    Without,
    /// So many, each in order.
    Ordered(usize),
    /// So many, with no order.
    Unordered(usize),
}

/// What order costs: the same messages with more and fewer keys.
const ORDER: [(Processor, Keys); 7] = [
    (Processor::Bytes, Keys::Unordered(KEYS)),
    (Processor::Bytes, Keys::Ordered(KEYS)),
    (Processor::Bytes, Keys::Ordered(100)),
    (Processor::Bytes, Keys::Ordered(1)),
    (Processor::KplString, Keys::Unordered(KEYS)),
    (Processor::KplString, Keys::Ordered(KEYS)),
    (Processor::KplString, Keys::Ordered(1)),
];

/// One line of the table. It is written as its name, such as `sink/json`.
///
/// ```
/// use headwater_benches::Job;
///
/// let names: Vec<_> = Job::all().iter().filter(|job| !job.is_about_order()).map(Job::to_string).collect();
/// assert_eq!((names.len(), names[0].as_str()), (31, "sink/bytes"));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Job {
    /// Sends messages.
    Sink {
        /// How they become records.
        processor: Processor,
        /// What keys they have.
        keys: Keys,
    },
    /// Reads messages.
    Source {
        /// How records became messages.
        processor: Processor,
    },
    /// Copies a stream into another, record by record.
    Relay,
}

impl Job {
    /// Returns all jobs, in the order of the table.
    pub fn all() -> Vec<Self> {
        // Where records hold several messages, those of one key share one, or of one shard for aggregates. Without keys
        // any may.
        let keys_matter = |processor: &Processor| processor.framing().joins();
        let keyed = Processor::ALL.into_iter().map(|processor| Self::Sink { processor, keys: Keys::Load });
        let keyless = Processor::ALL.into_iter().filter(keys_matter);
        let keyless = keyless.map(|processor| Self::Sink { processor, keys: Keys::Without });
        let source = Processor::ALL.into_iter().map(|processor| Self::Source { processor });
        let order = ORDER.into_iter().map(|(processor, keys)| Self::Sink { processor, keys });
        keyed.chain(keyless).chain(order).chain(source).chain([Self::Relay]).collect()
    }

    /// Returns what it does, in words.
    pub fn group(self) -> &'static str {
        match self {
            Self::Sink { keys: Keys::Load, .. } => "Sending",
            Self::Sink { keys: Keys::Without, .. } => "Sending, no keys",
            Self::Sink { .. } => "Sending, order",
            Self::Source { .. } => "Reading",
            Self::Relay => "Relaying",
        }
    }

    /// Returns what it is called within its group.
    pub(crate) fn label(self) -> String {
        let processor = self.processor().name();
        match self {
            Self::Sink { keys: Keys::Ordered(1), .. } => format!("{processor}, 1 key"),
            Self::Sink { keys: Keys::Ordered(keys), .. } => format!("{processor}, {keys} keys"),
            Self::Sink { keys: Keys::Unordered(_), .. } => format!("{processor}, off"),
            _ => processor.to_owned(),
        }
    }

    /// Whether it reads a stream.
    pub(crate) fn reads(self) -> bool {
        !matches!(self, Self::Sink { .. })
    }

    /// Whether it writes a stream.
    pub(crate) fn writes(self) -> bool {
        !matches!(self, Self::Source { .. })
    }

    /// Whether it is one of those on what order costs.
    pub fn is_about_order(self) -> bool {
        matches!(self, Self::Sink { keys: Keys::Ordered(_) | Keys::Unordered(_), .. })
    }

    /// Returns how the messages become records on Headwater's side.
    pub fn processor(self) -> Processor {
        match self {
            Self::Sink { processor, .. } | Self::Source { processor } => processor,
            Self::Relay => Processor::Bytes,
        }
    }

    /// Returns the serializer that both sides use.
    pub(crate) fn format(self) -> Format {
        self.processor().format()
    }
}

impl fmt::Display for Job {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sink { processor, keys } => match keys {
                Keys::Load => write!(f, "sink/{}", processor.name()),
                Keys::Without => write!(f, "sink/{}/no-key", processor.name()),
                Keys::Ordered(keys) => write!(f, "order/{}/{keys}", processor.name()),
                Keys::Unordered(keys) => write!(f, "order/{}/{keys}/off", processor.name()),
            },
            Self::Source { processor } => write!(f, "source/{}", processor.name()),
            Self::Relay => f.write_str("relay/bytes"),
        }
    }
}

impl FromStr for Job {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self, Error> {
        let short =
            [Keys::Load, Keys::Without].map(|keys| Self::Sink { processor: Processor::TextLines, keys });
        let all = Self::all().into_iter().chain(short);
        all.into_iter().find(|job| job.to_string() == name).ok_or_else(|| {
            let names: Vec<_> = Self::all().iter().map(Self::to_string).collect();
            format!("{name} is no job; the names are {}", names.join(", ")).into()
        })
    }
}

impl Serialize for Job {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
