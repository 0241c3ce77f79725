//! Whatever the order in which messages arrive and are done, the promises of the keyed stages hold.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use futures::channel::{mpsc, oneshot};
use futures::{Stream, StreamExt};
use proptest::prelude::*;

use super::place::Place;
use crate::stage::KeyedExt;
use crate::{BoxError, Error, Message, Result};

/// What happens next to the stage.
#[derive(Clone, Debug)]
enum Step {
    /// So many messages arrive.
    Arrive(usize),
    /// One of those under way, counted around, is done, or fails.
    Finish { which: usize, fails: bool },
}

#[derive(Clone, Debug)]
struct Case {
    keys: Vec<Option<u8>>,
    steps: Vec<Step>,
    concurrency: usize,
    window: usize,
}

fn case(failing: bool) -> impl Strategy<Value = Case> {
    let keys = prop::collection::vec(prop::option::weighted(0.8, 0..4_u8), 1..60);
    let fails = if failing { 0.1 } else { 0.0 };
    let step = prop_oneof![
        2 => (1..8_usize).prop_map(Step::Arrive),
        5 => (any::<usize>(), prop::bool::weighted(fails)).prop_map(|(which, fails)| Step::Finish { which, fails }),
    ];
    let steps = prop::collection::vec(step, 0..120);
    (keys, steps, 1..5_usize, 1..9_usize).prop_map(|(keys, steps, concurrency, window)| Case {
        keys,
        steps,
        concurrency,
        window,
    })
}

/// Whoever does the work: what was started, and what is under way and waits to be told how it ends.
#[derive(Default)]
struct Desk {
    started: Vec<usize>,
    under_way: BTreeMap<usize, oneshot::Sender<bool>>,
    taken: usize,
}

/// Tells whether the task was woken since it was last polled.
struct Bell(AtomicBool);

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// The stage at work, and what ought to be true of it.
struct Trial<'a, S> {
    case: &'a Case,
    desk: Rc<RefCell<Desk>>,
    stage: S,
    bell: Arc<Bell>,
    place: Place,
    sent: usize,
    acked: HashSet<usize>,
    yielded: Vec<usize>,
    failed: Option<usize>,
    outcome: Option<Result<()>>,
}

impl<S: Stream<Item = Result<usize>> + Unpin> Trial<'_, S> {
    /// Polls the stage for as long as something wakes it, and then looks at what it has done.
    fn settle(&mut self) {
        let waker = Waker::from(Arc::clone(&self.bell));
        let mut cx = Context::from_waker(&waker);
        while self.outcome.is_none() && self.bell.0.swap(false, Ordering::SeqCst) {
            while let Poll::Ready(next) = self.stage.poll_next_unpin(&mut cx) {
                match next {
                    Some(Ok(number)) => self.yielded.push(number),
                    Some(Err(error)) => self.outcome = Some(Err(error)),
                    None => self.outcome = Some(Ok(())),
                }
                if self.outcome.is_some() {
                    break;
                }
            }
        }
        self.check();
    }

    fn key(&self, number: usize) -> Option<u8> {
        self.case.keys[number - 1]
    }

    fn check(&self) {
        let desk = self.desk.borrow();
        let started: HashSet<_> = desk.started.iter().copied().collect();
        assert_eq!(started.len(), desk.started.len(), "a message is run once");
        assert!(desk.under_way.len() <= self.case.concurrency, "no more at a time than allowed");
        let busy: Vec<_> = desk.under_way.keys().filter_map(|number| self.key(*number)).collect();
        assert_eq!(busy.len(), busy.iter().collect::<HashSet<_>>().len(), "one of each key at a time");

        let mut last = HashMap::new();
        for number in &desk.started {
            let before = self.key(*number).and_then(|key| last.insert(key, *number));
            assert!(before < Some(*number), "in order within a key");
        }
        let prefix = (1..=self.case.keys.len()).take_while(|number| self.acked.contains(number)).last();
        assert_eq!(self.place.watermark(), prefix, "the watermark is the longest acked prefix");

        if self.failed.is_none() {
            let waiting: Vec<_> = (1..=desk.taken).filter(|number| !started.contains(number)).collect();
            assert!(waiting.len() <= self.case.window, "no more wait than the window holds");
            for number in &waiting {
                assert!(self.key(*number).is_some_and(|key| busy.contains(&key)), "only behind a busy key");
            }
            let full = desk.under_way.len() == self.case.concurrency || waiting.len() == self.case.window;
            assert!(full || desk.taken == self.sent, "nothing else keeps a message out");
        }
    }

    /// Ends one of those under way.
    fn finish(&mut self, which: usize, fails: bool) {
        let mut desk = self.desk.borrow_mut();
        let Some(number) = desk.under_way.keys().nth(which % desk.under_way.len().max(1)).copied() else {
            return;
        };
        let outcome = desk.under_way.remove(&number).expect("it is under way");
        drop(desk);
        outcome.send(!fails).expect("the stage keeps what is under way");
        if fails {
            self.failed.get_or_insert(number);
        } else {
            self.acked.insert(number);
        }
        self.settle();
    }
}

/// Runs a case and returns how it ended.
fn run(case: &Case) -> (Desk, Option<usize>, Result<()>, Vec<usize>) {
    let desk = Rc::new(RefCell::new(Desk::default()));
    let (message_tx, messages) = mpsc::unbounded::<Result<Message<usize>>>();
    let messages = messages.inspect(|_| desk.borrow_mut().taken += 1);
    let work = |message: Message<usize>| {
        let (outcome_tx, outcome) = oneshot::channel();
        let mut desk = desk.borrow_mut();
        desk.started.push(*message.payload());
        desk.under_way.insert(*message.payload(), outcome_tx);
        async move {
            match outcome.await {
                Ok(true) => Ok(message),
                _ => Err(BoxError::from("refused")),
            }
        }
    };
    let stage = messages.map_keyed(case.concurrency, work).window(case.window);
    let stage = stage.map(|done| {
        done.map(|message| {
            let number = *message.payload();
            message.ack();
            number
        })
    });
    let mut trial = Trial {
        case,
        desk: Rc::clone(&desk),
        stage: pin!(stage),
        bell: Arc::new(Bell(AtomicBool::new(true))),
        place: Place::new(),
        sent: 0,
        acked: HashSet::new(),
        yielded: Vec::new(),
        failed: None,
        outcome: None,
    };
    let send = |trial: &mut Trial<'_, _>, count: usize| {
        for _ in 0..count.min(case.keys.len() - trial.sent) {
            trial.sent += 1;
            let (_, _, headers, origin, ack) = trial.place.record(trial.sent).into_parts();
            let key = trial.key(trial.sent).map(|key| key.to_string().as_str().into());
            // Nobody listens any more after a failure.
            let _ = message_tx.unbounded_send(Ok(Message::from_parts(trial.sent, key, headers, origin, ack)));
        }
        trial.settle();
    };
    for step in &case.steps {
        match *step {
            Step::Arrive(count) => send(&mut trial, count),
            Step::Finish { which, fails } => trial.finish(which, fails),
        }
    }
    send(&mut trial, case.keys.len());
    while !trial.desk.borrow().under_way.is_empty() {
        trial.finish(0, false);
    }
    message_tx.close_channel();
    trial.settle();
    let (failed, yielded) = (trial.failed, std::mem::take(&mut trial.yielded));
    let outcome = trial.outcome.take().expect("the stage ends with its stream");
    drop(trial);
    (desk.take(), failed, outcome, yielded)
}

proptest! {
    #[test]
    fn every_message_is_run_once_and_in_order_within_its_key(case in case(false)) {
        let (desk, _, outcome, yielded) = run(&case);
        prop_assert!(outcome.is_ok());
        prop_assert_eq!(desk.started.len(), case.keys.len());
        let of_key = |numbers: &[usize], key| -> Vec<usize> {
            numbers.iter().copied().filter(|number| case.keys[number - 1] == Some(key)).collect()
        };
        prop_assert_eq!(yielded.len(), case.keys.len());
        for key in 0..4 {
            prop_assert!(of_key(&yielded, key).is_sorted(), "what comes out is in order too");
        }
    }

    #[test]
    fn a_failure_stops_the_stage_finishes_what_is_under_way_and_acks_nothing_past_it(case in case(true)) {
        let (desk, failed, outcome, yielded) = run(&case);
        let Some(failed) = failed else {
            prop_assert!(outcome.is_ok());
            return Ok(());
        };
        let error: Error = outcome.unwrap_err();
        prop_assert!(error.to_string().contains(&format!("at sequence {failed}: refused")), "{}", error);
        prop_assert!(desk.under_way.is_empty());
        prop_assert!(!yielded.contains(&failed));
        if let Some(key) = case.keys[failed - 1] {
            let later = desk.started.iter().any(|number| *number > failed && case.keys[number - 1] == Some(key));
            prop_assert!(!later, "later messages of the failed key are not run");
        }
    }
}
