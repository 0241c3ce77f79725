//! What a long run cost so far, from time to time.

use std::cell::{Cell, RefCell};

use serde::{Deserialize, Serialize};

use crate::clock::{Cost, Stopwatch};
use crate::memory::resident;

/// What a run cost from its start to one of its messages.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Lap {
    /// How many messages it had seen.
    pub messages: usize,
    /// What it had cost.
    pub cost: Cost,
    /// How much memory it held, in bytes, where the system tells.
    pub resident: Option<u64>,
}

/// Counts the messages of a run, and looks at the clock from time to time.
pub(crate) struct Laps {
    every: usize,
    seen: Cell<usize>,
    clock: Stopwatch,
    looks: RefCell<Vec<Lap>>,
}

impl Laps {
    /// Starts, to look after every so many messages; `None` is never.
    pub(crate) fn start(every: Option<usize>) -> Self {
        let every = every.unwrap_or(usize::MAX);
        Self { every, seen: Cell::new(0), clock: Stopwatch::start(), looks: RefCell::default() }
    }

    /// Counts a message.
    pub(crate) fn count(&self) {
        let seen = self.seen.get() + 1;
        self.seen.set(seen);
        if seen.is_multiple_of(self.every) {
            let lap = Lap { messages: seen, cost: self.clock.read(), resident: resident() };
            self.looks.borrow_mut().push(lap);
        }
    }

    /// Returns what the whole cost, and what it had cost at each look.
    pub(crate) fn stop(self) -> (Cost, Vec<Lap>) {
        (self.clock.read(), self.looks.into_inner())
    }
}
