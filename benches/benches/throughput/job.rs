//! What is measured.

use std::fmt;

use crate::format::Format;
use crate::processor::Processor;

/// One line of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Job {
    /// Sends messages.
    Sink {
        /// How they become records.
        processor: Processor,
        /// Whether they have keys.
        keyed: bool,
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
        // Where records hold several messages, those of one key share one. Without keys any may.
        let keys_matter = |processor: &Processor| processor.framing().joins();
        let keyed = Processor::ALL.into_iter().map(|processor| Self::Sink { processor, keyed: true });
        let keyless = Processor::ALL.into_iter().filter(keys_matter);
        let keyless = keyless.map(|processor| Self::Sink { processor, keyed: false });
        let source = Processor::ALL.into_iter().map(|processor| Self::Source { processor });
        keyed.chain(keyless).chain(source).chain([Self::Relay]).collect()
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
            Self::Sink { processor, keyed: true } => write!(f, "sink/{}", processor.name()),
            Self::Sink { processor, keyed: false } => write!(f, "sink/{}/no-key", processor.name()),
            Self::Source { processor } => write!(f, "source/{}", processor.name()),
            Self::Relay => f.write_str("relay/bytes"),
        }
    }
}
