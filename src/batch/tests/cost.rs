//! What a message costs, counted in steps and not in time.

use std::sync::Arc;

use tokio::time::{Duration, Instant};

use crate::Message;
use crate::batch::lanes::accepted::{Accepted, Arrival};
use crate::batch::lanes::backlog::{Backlog, Rules};
use crate::batch::lanes::pack::{Packed, Room};
use crate::batch::lanes::queue::{FrameSize, Patience};
use crate::batch::meters::Meters;
use crate::batch::{BatchSink, Ordering};

fn backlog() -> Backlog {
    let rules = Rules { ordering: Ordering::PerKey, lane_limit: None, shared_limit: false, max_in_flight: 1 };
    let size = FrameSize { bytes: 51_200, messages: usize::MAX };
    Backlog::new(rules, size, 1 << 20, None, Arc::new(Meters::new(&"test".into())), Instant::now())
}

/// Packs a request of one entry.
fn pop(backlog: &mut Backlog, now: Instant) -> Option<Packed> {
    let mut packed = Packed::default();
    let patience = Patience { linger: Duration::ZERO, now, hurry: true };
    let any = backlog.pack(patience, Room { records: 1, bytes: usize::MAX }, &mut packed);
    backlog.land_flight(&packed.lanes, now);
    any.then_some(packed)
}

fn push(backlog: &mut Backlog, key: &str, now: Instant) {
    let message = Message::keyed("payload".into(), key);
    let accepted = Accepted::new(None, Arrival { message, rekeyed: None, slip: None }, 0, 0);
    assert!(backlog.push(accepted, now).is_none());
}

/// One hot key with a long queue, and a batch of others: what is behind the hot key must never be looked at.
#[tokio::test(start_paused = true)]
async fn cost_per_record_does_not_grow_with_the_batch() {
    let now = Instant::now();
    let mut costs = Vec::new();
    for batch in [10, 100, 1_000, 10_000] {
        let mut backlog = backlog();
        for nth in 0..batch {
            push(&mut backlog, "hot", now);
            push(&mut backlog, &format!("key-{nth}"), now);
        }
        let mut taken = 0;
        while let Some(waiting) = pop(&mut backlog, now) {
            taken += 1;
            backlog.release(&waiting.unsettled[0].chains);
        }
        assert_eq!(taken, 2 * batch);
        costs.push(backlog.steps as f64 / f64::from(taken));
    }
    assert_eq!(costs, [1.0; 4], "steps per record");
}

#[tokio::test(start_paused = true)]
async fn a_busy_key_is_never_looked_at() {
    let now = Instant::now();
    let mut backlog = backlog();
    push(&mut backlog, "hot", now);
    let hot = pop(&mut backlog, now).unwrap();
    for _ in 0..10_000 {
        push(&mut backlog, "hot", now);
    }
    for _ in 0..1_000 {
        assert!(pop(&mut backlog, now).is_none());
    }
    assert_eq!(backlog.steps, 1);
    backlog.release(&hot.unsettled[0].chains);
    assert!(pop(&mut backlog, now).is_some());
}

#[tokio::test(start_paused = true)]
async fn keys_that_are_done_are_forgotten() {
    let now = Instant::now();
    let mut backlog = backlog();
    for nth in 0..50_000 {
        push(&mut backlog, &format!("key-{nth}"), now);
        let waiting = pop(&mut backlog, now).unwrap();
        backlog.release(&waiting.unsettled[0].chains);
        assert!(backlog.keys() < 10_000, "{} keys after {nth}", backlog.keys());
    }
}

#[test]
fn a_setting_outside_its_range_is_named_with_the_range() {
    let build = |builder: crate::batch::BatchSinkBuilder| {
        builder.build(super::fake::Fake::storing()).unwrap_err().to_string()
    };
    let week = Duration::from_hours(168);
    for (error, text) in [
        (build(BatchSink::builder().max_in_flight(0)), "max_in_flight = 0: at least 1 is allowed"),
        (build(BatchSink::builder().frame_size(2 << 20)), "frame_size = 2097152: 1 to 1048576 is allowed"),
        (build(BatchSink::builder().batch_bytes(0)), "batch_bytes = 0: at least 1 is allowed"),
        (build(BatchSink::builder().linger(week * 2)), "linger = 1209600s: 0ns to 604800s is allowed"),
        (
            build(BatchSink::builder().expo_backoff_limit(Duration::from_millis(1))),
            "expo_backoff_limit = 1ms: 100ms to 604800s is allowed",
        ),
    ] {
        assert_eq!(error, text);
    }
}
