//! Tasks that send through one sink, flush, lose patience, and remember what they were told.

use std::collections::{HashMap, HashSet};
use std::future::poll_fn;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use fastrand::Rng;
use futures::SinkExt;
use tokio::task::yield_now;
use tokio::time::timeout;

use super::after;
use super::graves::{Graves, number_of};
use super::model::Case;
use super::stream::{Record, Stream};
use crate::batch::{BatchSink, Producer, Producing, Receipt};
use crate::checkpoint::Tracker;
use crate::{Delivery, Error, HashKey, Headers, Key, Message, Undelivered};

/// What became of the messages, as those who sent them know.
#[derive(Default)]
pub(super) struct Told {
    trackers: Vec<Tracker>,
    /// Never accepted.
    pub(super) refused: HashSet<usize>,
    pub(super) back: HashMap<usize, Delivery>,
    receipts: Vec<(usize, Receipt)>,
    graves: Graves,
}

type Shared = Arc<Mutex<Told>>;

impl Told {
    pub(super) fn is_acked(&self, number: usize) -> bool {
        let tracker = &self.trackers[number];
        tracker.in_flight() == 0 && tracker.abandoned().is_none()
    }

    /// Takes notice of what the dead letters kept.
    fn bury(&mut self) {
        for number in self.graves.numbers() {
            let before = self.back.insert(number, Delivery::Unknown);
            assert!(before.is_none(), "{number} was buried and handed back");
        }
    }

    fn hand_back(&mut self, returned: Vec<Undelivered>) {
        for undelivered in returned {
            let number = number_of(undelivered.message());
            let reason = undelivered.reason().to_string();
            assert!(!reason.contains("task was stopped"), "{number}: {reason}");
            let before = self.back.insert(number, undelivered.delivery());
            assert!(before.is_none(), "{number} was handed back twice");
        }
    }
}

/// Returns the key of a message, by which one task sends all of a key.
pub(super) fn key_of(case: &Case, number: usize) -> Option<Key> {
    let nth = Rng::with_seed(case.seed ^ number as u64).usize(..12);
    let key = Key::from(format!("key-{nth}"));
    match nth {
        0 => None,
        1 => Some(key.hashed(HashKey::new(u128::MAX / 3))),
        _ => Some(key),
    }
}

fn task_of(case: &Case, number: usize) -> usize {
    Rng::with_seed(case.seed ^ number as u64).usize(..12) % case.tasks
}

/// Sends everything, and returns what is stored and what was told.
pub(super) async fn run(case: &Case) -> (Vec<Record>, Told) {
    let stream: Stream = case.stream();
    let told = Shared::default();
    let sink = case.sink(&stream, &told.lock().unwrap().graves);
    let producer = sink.producer();
    let mut rng = Rng::with_seed(case.seed ^ 4);
    let mut sends: Vec<Vec<(usize, Message<Bytes>)>> = (0..case.tasks).map(|_| Vec::new()).collect();
    for number in 0..case.messages {
        let tracker = Tracker::new();
        let ack = tracker.open([(after(0), None)]).next().unwrap();
        let payload = format!("{number}{}", "x".repeat(rng.usize(..90))).into();
        let message = Message::from_parts(payload, key_of(case, number), Headers::new(), None, ack);
        sends[task_of(case, number)].push((number, message));
        told.lock().unwrap().trackers.push(tracker);
    }
    let mut tasks = Vec::new();
    let mut sends = sends.into_iter();
    let through_sink = sends.next().unwrap();
    tasks.push(tokio::spawn(feed(sink, through_sink, Arc::clone(&told), rng.fork())));
    for messages in sends {
        tasks.push(tokio::spawn(put(producer.clone(), messages, Arc::clone(&told), rng.fork())));
    }
    for task in tasks {
        timeout(Duration::from_hours(1), task).await.expect("every task ends").unwrap();
    }
    let returned = timeout(Duration::from_mins(2), producer.close()).await.expect("it closes");
    told.lock().unwrap().hand_back(returned);
    let mut told = std::mem::take(&mut *told.lock().unwrap());
    for (number, receipt) in std::mem::take(&mut told.receipts) {
        match receipt.await {
            Ok(_) => assert!(told.is_acked(number), "{number} has a receipt and no ack"),
            Err(error) => told.hand_back(error.into_undelivered()),
        }
    }
    told.bury();
    (stream.records(), told)
}

/// Sends through the sink, until it fails.
async fn feed(mut sink: BatchSink, messages: Vec<(usize, Message<Bytes>)>, told: Shared, mut rng: Rng) {
    let mut sent = Vec::new();
    let mut failed = false;
    for (number, message) in messages {
        let ready = if failed { Ok(()) } else { poll_fn(|cx| sink.poll_ready_unpin(cx)).await };
        let accepted = ready.and_then(|()| sink.start_send_unpin(message));
        if let Err(error) = accepted {
            failed = true;
            told.lock().unwrap().refused.insert(number);
            told_of_failure(&told, error, number);
            continue;
        }
        sent.push(number);
        match rng.u8(..30) {
            0 => {
                let returned = sink.drain().await;
                told.lock().unwrap().hand_back(returned);
            }
            1 => drop(timeout(Duration::from_millis(rng.u64(..50)), sink.drain()).await.map(|returned| {
                told.lock().unwrap().hand_back(returned);
            })),
            2 | 3 => match timeout(Duration::from_millis(rng.u64(..500) * rng.u64(..10)), sink.flush()).await
            {
                Ok(Ok(())) => settled(&told, &sent).await,
                Ok(Err(error)) => {
                    failed = true;
                    told_of_failure(&told, error, number);
                }
                Err(_) => {}
            },
            4 => tokio::time::sleep(Duration::from_millis(rng.u64(..300))).await,
            _ => {}
        }
    }
}

/// Takes what the error carries, but for a message that was never accepted.
fn told_of_failure(told: &Shared, error: Error, number: usize) {
    let mut told = told.lock().unwrap();
    let mut returned = error.into_undelivered();
    if told.refused.contains(&number) {
        returned.retain(|each| number_of(each.message()) != number);
    }
    told.hand_back(returned);
}

/// Sends through a producer, with receipts and without, and loses patience at times.
async fn put(producer: Producer, messages: Vec<(usize, Message<Bytes>)>, told: Shared, mut rng: Rng) {
    let mut sent = Vec::new();
    for (number, message) in messages {
        let receipt = match rng.u8(..4) {
            0 => producer.put(message).await.map(Some),
            1 => {
                let send = producer.send(message);
                match timeout(Duration::from_millis(rng.u64(..20)), send).await {
                    Ok(sent) => sent.map(|()| None),
                    Err(_) => Err(Error::new(crate::ErrorKind::Timeout, "lose patience")),
                }
            }
            _ => producer.send(message).await.map(|()| None),
        };
        match receipt {
            Ok(Some(receipt)) if rng.bool() => told.lock().unwrap().receipts.push((number, receipt)),
            Ok(receipt) => {
                drop(receipt);
                sent.push(number);
            }
            Err(_) => {
                told.lock().unwrap().refused.insert(number);
            }
        }
        match rng.u8(..30) {
            0 | 1 => {
                let returned = producer.flush().await;
                told.lock().unwrap().hand_back(returned);
                settled(&told, &sent).await;
            }
            2 => {
                let flush = timeout(Duration::from_millis(rng.u64(..50)), producer.flush()).await;
                told.lock().unwrap().hand_back(flush.unwrap_or_default());
            }
            3 => tokio::time::sleep(Duration::from_millis(rng.u64(..300))).await,
            _ => {}
        }
    }
}

/// Checks that messages are settled.
async fn settled(told: &Shared, sent: &[usize]) {
    // Another task may have taken them, and not said so yet.
    for _ in 0..20 {
        yield_now().await;
    }
    let told = told.lock().unwrap();
    for number in sent {
        let is_back = told.back.contains_key(number) || told.graves.ever_held(*number);
        assert!(told.is_acked(*number) || is_back, "{number} is not settled after a flush");
    }
}
