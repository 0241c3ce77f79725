//! A counter for each stream that messages came from.

use std::collections::HashMap;

use metrics::Counter;

use crate::Origin;

/// The counters of one stage, by stream: looking one up is cheap, registering one is not.
#[derive(Default)]
pub(crate) struct PerStream {
    counters: HashMap<String, Counter>,
}

impl PerStream {
    /// Returns the counter of a message's stream, registered on its first use. The stream of a message that a user
    /// made is the empty label.
    pub(crate) fn of(
        &mut self,
        origin: Option<&Origin>,
        register: impl FnOnce(String) -> Counter,
    ) -> &Counter {
        let stream = origin.map_or("", Origin::stream);
        if !self.counters.contains_key(stream) {
            self.counters.insert(stream.to_owned(), register(stream.to_owned()));
        }
        &self.counters[stream]
    }
}
