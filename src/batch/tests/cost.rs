//! What a message costs, counted in steps and not in time.

use tokio::time::{Duration, Instant};

use crate::Message;
use crate::batch::backlog::Backlog;
use crate::batch::framer::Framer;
use crate::batch::unsettled::Accepted;
use crate::batch::{BatchSink, Ordering};

fn backlog() -> Backlog {
    Backlog::new(Framer::new(51_200, usize::MAX, 1 << 20), Ordering::PerKey, Duration::ZERO)
}

fn push(backlog: &mut Backlog, key: &str, now: Instant) {
    let message = Message::keyed("payload".into(), key);
    assert!(backlog.push(Accepted { message, rekeyed: None }, now).is_none());
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
        while let Some(waiting) = backlog.pop(now, true) {
            taken += 1;
            backlog.release(waiting.unsettled.chain);
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
    let hot = backlog.pop(now, true).unwrap();
    for _ in 0..10_000 {
        push(&mut backlog, "hot", now);
    }
    for _ in 0..1_000 {
        assert!(backlog.pop(now, true).is_none());
    }
    assert_eq!(backlog.steps, 1);
    backlog.release(hot.unsettled.chain);
    assert!(backlog.pop(now, true).is_some());
}

#[tokio::test(start_paused = true)]
async fn keys_that_are_done_are_forgotten() {
    let now = Instant::now();
    let mut backlog = backlog();
    for nth in 0..50_000 {
        push(&mut backlog, &format!("key-{nth}"), now);
        let waiting = backlog.pop(now, true).unwrap();
        backlog.release(waiting.unsettled.chain);
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
