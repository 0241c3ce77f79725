//! Numbered, keyed records, and what a relay made of them.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use headwater_local::{LocalKinesis, StoredRecord};

/// How many keys there are.
const KEYS: usize = 50;

/// The key of a number.
pub(crate) fn key(number: usize) -> String {
    format!("key-{}", number % KEYS)
}

/// What a stream of numbers holds.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    /// Each number that is there, and how often.
    pub(crate) counts: HashMap<usize, usize>,
    /// The numbers that first appear behind a later one of their key.
    pub(crate) out_of_order: Vec<usize>,
}

impl Ledger {
    /// Reads the numbers of a stream from our own endpoint, in the order in which they were stored: by shard, parents
    /// first, as their ids are.
    pub(crate) fn of(local: &LocalKinesis, stream: &str) -> Self {
        let records = local.records(stream).unwrap();
        Self::from_pairs(records.iter().map(|record| (record.partition_key.clone(), number(record))))
    }

    /// Takes pairs of key and number, in order.
    pub(crate) fn from_pairs(pairs: impl IntoIterator<Item = (String, usize)>) -> Self {
        let mut ledger = Self::default();
        let mut latest: HashMap<String, usize> = HashMap::new();
        for (key, number) in pairs {
            let count = ledger.counts.entry(number).or_default();
            *count += 1;
            // Order is that of first occurrences: a repeat is a repeat.
            if *count == 1 {
                let latest = latest.entry(key).or_insert(number);
                if *latest > number {
                    ledger.out_of_order.push(number);
                }
                *latest = number.max(*latest);
            }
        }
        ledger
    }

    /// The numbers of a range that are not there.
    pub(crate) fn lost(&self, expected: Range<usize>) -> Vec<usize> {
        expected.filter(|number| !self.counts.contains_key(number)).collect()
    }

    /// The numbers that are there more than once.
    pub(crate) fn repeated(&self) -> HashSet<usize> {
        self.counts.iter().filter(|(_, count)| **count > 1).map(|(number, _)| *number).collect()
    }
}

/// The number that a record holds.
pub(crate) fn number(record: &StoredRecord) -> usize {
    let text = std::str::from_utf8(&record.data).expect("a number");
    text.trim_matches(|c: char| !c.is_ascii_digit()).parse().expect("a number")
}

/// Fills a stream of our own endpoint with numbers.
pub(crate) fn fill(local: &LocalKinesis, stream: &str, numbers: Range<usize>) {
    for number in numbers {
        local.put(stream, &key(number), number.to_string()).unwrap();
    }
}
