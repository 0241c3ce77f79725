//! Whatever is delivered again, and whenever it is acked, no checkpoint moves past what is not done.

use bytes::Bytes;
use futures::channel::mpsc;
use futures::{FutureExt, StreamExt};
use proptest::prelude::*;

use super::place::Place;
use crate::stage::dedupe::Dedupe;
use crate::{Message, Result};

/// How many records the shard has.
const RECORDS: usize = 12;

/// What happens next.
#[derive(Clone, Debug)]
enum Step {
    /// The newest reading delivers its next record.
    Deliver,
    /// One of the shares that are out, counted around, is acked, dropped, or doubled.
    Ack(usize),
    Abandon(usize),
    Double(usize),
    /// The shard is read anew from a record. The reading before goes on to count, or is revoked.
    Read {
        from: usize,
        revoking: bool,
    },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        12 => Just(Step::Deliver),
        6 => any::<usize>().prop_map(Step::Ack),
        2 => any::<usize>().prop_map(Step::Abandon),
        2 => any::<usize>().prop_map(Step::Double),
        2 => (1..=RECORDS, any::<bool>()).prop_map(|(from, revoking)| Step::Read { from, revoking }),
    ];
    prop::collection::vec(step, 0..150)
}

/// A copy that was handed out, and how its shares fared.
#[derive(Default)]
struct Copy {
    out: usize,
    abandoned: bool,
}

impl Copy {
    fn is_done(&self) -> bool {
        self.out == 0 && !self.abandoned
    }
}

struct Trial {
    records: mpsc::UnboundedSender<Result<Message<Bytes>>>,
    stage: Dedupe<mpsc::UnboundedReceiver<Result<Message<Bytes>>>>,
    /// Every reading, with the record that it began at.
    readings: Vec<(usize, Place)>,
    next: usize,
    /// By record, every copy that was handed out.
    copies: Vec<Vec<Copy>>,
    shares: Vec<(usize, usize, Message<Bytes>)>,
    exact: bool,
}

impl Trial {
    fn new(window: usize) -> Self {
        let (records, source) = mpsc::unbounded();
        Self {
            records,
            stage: Dedupe::new(source, window),
            readings: vec![(1, Place::new())],
            next: 1,
            copies: (0..=RECORDS).map(|_| Vec::new()).collect(),
            shares: Vec::new(),
            exact: window >= RECORDS,
        }
    }

    /// Takes every step, then acks all that is out and reads anew until everything is done.
    fn run(&mut self, steps: &[Step]) {
        for step in steps {
            self.step(step);
        }
        self.finish();
    }

    fn step(&mut self, step: &Step) {
        let which = |which: usize| which.checked_rem(self.shares.len());
        match *step {
            Step::Deliver => self.deliver(),
            Step::Ack(share) => {
                if let Some(share) = which(share) {
                    let (record, copy, message) = self.shares.swap_remove(share);
                    self.copies[record][copy].out -= 1;
                    message.ack();
                }
            }
            Step::Abandon(share) => {
                if let Some(share) = which(share) {
                    let (record, copy, message) = self.shares.swap_remove(share);
                    self.copies[record][copy].out -= 1;
                    self.copies[record][copy].abandoned = true;
                    drop(message);
                }
            }
            Step::Double(share) => {
                if let Some(share) = which(share) {
                    let double = self.shares[share].clone();
                    self.copies[double.0][double.1].out += 1;
                    self.shares.push(double);
                }
            }
            Step::Read { from, revoking } => self.read(from, revoking),
        }
        self.check();
    }

    fn deliver(&mut self) {
        if self.next > RECORDS {
            return;
        }
        let number = self.next;
        self.next += 1;
        let (_, place) = self.readings.last().expect("there is a first");
        self.records.unbounded_send(Ok(place.record(number))).expect("the stage listens");
        if let Some(message) = self.stage.next().now_or_never() {
            let message = message.expect("the source goes on").expect("it never fails");
            assert_eq!(message.origin().expect("it has one").sequence().as_str(), number.to_string());
            let copies = &mut self.copies[number];
            assert!(!self.exact || copies.iter().all(|copy| copy.abandoned), "a second copy is handed out");
            copies.push(Copy { out: 1, abandoned: false });
            self.shares.push((number, copies.len() - 1, message));
        }
    }

    fn read(&mut self, from: usize, revoking: bool) {
        let (_, place) = self.readings.last().expect("there is a first");
        let again = place.again();
        if revoking {
            place.tracker.revoke();
        }
        self.readings.push((from, again));
        self.next = from;
    }

    fn check(&self) {
        for (from, place) in &self.readings {
            for record in *from..=place.watermark().unwrap_or(0) {
                assert!(self.copies[record].iter().any(Copy::is_done), "the checkpoint moved past {record}");
            }
        }
    }

    fn finish(&mut self) {
        while !self.shares.is_empty() {
            self.step(&Step::Ack(0));
        }
        self.step(&Step::Read { from: 1, revoking: true });
        for _ in 0..RECORDS {
            self.step(&Step::Deliver);
        }
        while !self.shares.is_empty() {
            self.step(&Step::Ack(0));
        }
        let (_, place) = self.readings.last().expect("there is a first");
        assert_eq!(place.watermark(), Some(RECORDS), "nothing is left unsettled");
        assert_eq!(place.tracker.in_flight(), 0);
        for copies in &self.copies[1..] {
            let done = copies.iter().filter(|copy| copy.is_done()).count();
            assert!(if self.exact { done == 1 } else { done >= 1 }, "{done} copies were done");
        }
    }
}

proptest! {
    #[test]
    fn redeliveries_are_done_once_and_no_checkpoint_moves_past_what_is_not(steps in steps()) {
        let mut trial = Trial::new(RECORDS);
        trial.run(&steps);
    }

    #[test]
    fn a_window_that_forgets_repeats_messages_and_loses_none(steps in steps(), window in 0..RECORDS) {
        let mut trial = Trial::new(window);
        trial.run(&steps);
    }
}
