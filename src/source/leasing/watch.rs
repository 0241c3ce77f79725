//! When rows that others write last changed, by this worker's own monotonic clock.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::Hash;
use std::time::Duration;

use tokio::time::Instant;

/// Remembers since when each row has been at its version. Rows that did not change for the lease time have expired; no
/// two wall clocks are ever compared.
#[derive(Debug)]
pub(in crate::source) struct Watch<K>(HashMap<K, Seen>);

#[derive(Debug)]
struct Seen {
    version: u64,
    /// When it was first seen at that version.
    since: Instant,
    /// Whether it was at another one before.
    changed: bool,
}

impl<K: Eq + Hash> Watch<K> {
    /// Takes in a row as it is now, and returns for how long it has been so.
    pub(in crate::source) fn look(&mut self, key: K, version: u64) -> Duration {
        let now = Instant::now();
        let seen = self.0.entry(key).or_insert(Seen { version, since: now, changed: false });
        if seen.version != version {
            *seen = Seen { version, since: now, changed: true };
        }
        now.duration_since(seen.since)
    }

    /// Forgets the rows that are no more.
    pub(in crate::source) fn retain(&mut self, is_there: impl Fn(&K) -> bool) {
        self.0.retain(|key, _| is_there(key));
    }

    /// Returns the rows that there are.
    pub(in crate::source) fn keys(&self) -> impl Iterator<Item = &K> {
        self.0.keys()
    }

    /// Returns how long ago a row was last seen to change, if it ever was.
    pub(in crate::source) fn unchanged_for<Q: Eq + Hash + ?Sized>(&self, key: &Q) -> Option<Duration>
    where
        K: Borrow<Q>,
    {
        self.0.get(key).filter(|seen| seen.changed).map(|seen| seen.since.elapsed())
    }
}

impl<K> Default for Watch<K> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}
