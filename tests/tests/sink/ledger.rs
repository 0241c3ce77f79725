//! Numbered messages that owe an ack each, and what must have become of them.

use std::collections::HashSet;

use bytes::Bytes;
use headwater::checkpoint::Tracker;
use headwater::{Headers, Key, Message, Position};
use headwater_tests::Reading;

/// How many numbers a failure shows.
const SHOWN: usize = 5;

/// The position of a message.
fn after(number: usize) -> Position {
    Position::After { sequence: number.to_string().into(), sub_sequence: None }
}

/// One of so many keys, in turn.
pub(crate) fn one_of(keys: usize) -> impl Fn(usize) -> Option<Key> {
    move |number| Some(Key::from(format!("key-{}", number % keys)))
}

/// Makes messages whose payloads are their numbers, and the tracker that knows which of them are acked.
pub(crate) fn owing(
    count: usize,
    key: impl Fn(usize) -> Option<Key>,
) -> (Tracker, impl Iterator<Item = Message<Bytes>>) {
    let tracker = Tracker::new();
    let acks = tracker.open((0..count).map(|number| (after(number), None)));
    let messages = acks.enumerate().map(move |(number, ack)| {
        Message::from_parts(number.to_string().into(), key(number), Headers::new(), None, ack)
    });
    (tracker, messages)
}

/// Fails unless every one of `count` messages is acked, and none was dropped without.
pub(crate) fn assert_all_acked(tracker: &Tracker, count: usize, what: &str) {
    assert_eq!(tracker.abandoned(), None, "{what}: dropped without an ack");
    assert_eq!(tracker.oldest_unacked(), None, "{what}: never acked");
    let watermark = tracker.watermark().map(|checkpoint| checkpoint.position);
    assert_eq!(watermark, Some(after(count - 1)), "{what}: every message is acked");
}

/// Fails unless the first `count` numbers are all there, at least once.
pub(crate) fn assert_whole(reading: &Reading, count: usize, what: &str) {
    let seen: HashSet<usize> = reading.payloads.values().flatten().map(number).collect();
    let lost: Vec<usize> = (0..count).filter(|number| !seen.contains(number)).collect();
    assert!(lost.is_empty(), "{what}: {} of {count} lost, such as {:?}", lost.len(), first(&lost));
    assert_eq!(seen.len(), count, "{what}: only what was sent is there");
}

/// Fails unless the first `count` numbers are all there, and each key's first occurrences in their order. A repeat is
/// a repeat.
pub(crate) fn assert_whole_and_in_order(reading: &Reading, count: usize, what: &str) {
    assert_whole(reading, count, what);
    let mut seen = HashSet::new();
    let mut late = Vec::new();
    for (key, payloads) in &reading.payloads {
        let mut latest = 0;
        for payload in payloads {
            let number = number(payload);
            if !seen.insert(number) {
                continue;
            }
            if number < latest {
                late.push((key.as_str(), number, latest));
            }
            latest = number.max(latest);
        }
    }
    assert!(
        late.is_empty(),
        "{what}: {} of {count} first stored behind a later one of their key, such as {:?}",
        late.len(),
        first(&late)
    );
}

fn first<T>(all: &[T]) -> &[T] {
    &all[..all.len().min(SHOWN)]
}

fn number(payload: &Bytes) -> usize {
    let text = std::str::from_utf8(payload).expect("a payload is a number");
    text.parse().expect("a payload is a number")
}
