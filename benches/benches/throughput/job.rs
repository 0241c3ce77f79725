//! What is measured.

use std::fmt;

use crate::format::Format;
use crate::load::KEYS;
use crate::processor::Processor;

/// What keys the messages have, and whether each key has an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Keys {
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

/// One line of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Job {
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
    pub(crate) fn all() -> Vec<Self> {
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

    /// Returns how the messages become records on Headwater's side.
    pub(crate) fn processor(self) -> Processor {
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
