//! What the client asks of the server's process, a line of JSON each way.

use serde::{Deserialize, Serialize};

use crate::format::Format;
use crate::processor::Processor;

/// How many shards a stream has.
pub(crate) const SHARDS: usize = 4;

/// One request.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Command {
    /// Creates a stream.
    Create {
        /// Its name.
        stream: String,
    },
    /// Creates a stream that holds a load, its records as full as the framing allows.
    Fill {
        /// Its name.
        stream: String,
        /// How a message becomes bytes.
        format: Format,
        /// The processor by whose framing messages share records.
        framing: Processor,
        /// How many messages there are.
        records: usize,
    },
    /// Takes the records of a stream apart and counts.
    Count {
        /// Its name.
        stream: String,
        /// The processor by whose framing messages share records.
        framing: Processor,
    },
    /// Deletes a stream.
    Delete {
        /// Its name.
        stream: String,
    },
}

/// The answer to one request.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Answer {
    /// The server listens here; sent once, unasked.
    Listening {
        /// Where clients find it.
        url: String,
    },
    /// It is done, and the stream, if there is one, holds this.
    Done(Stored),
    /// It could not be done.
    Failed {
        /// The error.
        why: String,
    },
}

/// What a stream holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Stored {
    /// Records.
    pub(crate) records: usize,
    /// Messages in them.
    pub(crate) messages: usize,
    /// The bytes of the messages, without framing.
    pub(crate) bytes: u64,
}
