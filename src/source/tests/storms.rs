//! What happens often must not happen too often.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Wake, Waker};
use std::time::Duration;

use futures::FutureExt;
use tokio::time::Instant;

use super::{config, filled, next, number};
use crate::checkpoint::{InFlight, MemoryCheckpoints, Tracker};
use crate::source::{OnAbandon, SourceConfig};
use crate::{Ack, Position};

#[tokio::test(start_paused = true)]
async fn a_message_that_is_always_dropped_is_redelivered_at_a_pace() {
    let config = SourceConfig { on_abandon: OnAbandon::Redeliver, ..config(&MemoryCheckpoints::new()) };
    let mut source = filled(1, 1).source_with(config).await.unwrap();
    let begun = Instant::now();
    for _ in 0..100 {
        assert_eq!(number(&next(&mut source).await), 0);
    }
    assert!(begun.elapsed() > Duration::from_secs(10), "100 redeliveries in {:?}", begun.elapsed());
}

struct Wakes(AtomicUsize);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

#[test]
fn acks_above_the_limit_wake_nobody() {
    let in_flight = Arc::new(InFlight::default());
    let tracker = Tracker::counted_in(Arc::clone(&in_flight));
    let after = |n: u32| (Position::After { sequence: n.to_string().into(), sub_sequence: None }, None);
    let acks: Vec<_> = tracker.open((0..1_000).map(after)).collect();
    let wakes = Arc::new(Wakes(AtomicUsize::new(0)));
    let waker = Waker::from(Arc::clone(&wakes));
    let mut cx = Context::from_waker(&waker);
    assert!(in_flight.poll_below(10, &mut cx).is_pending());
    for (n, ack) in acks.into_iter().enumerate() {
        ack.ack();
        if n < 980 {
            assert!(in_flight.poll_below(10, &mut cx).is_pending());
        }
    }
    assert_eq!(wakes.0.load(Ordering::SeqCst), 1, "the one that gets below");
}

#[tokio::test(start_paused = true)]
async fn acks_call_attention_when_a_shard_or_the_source_ends_and_not_before() {
    let in_flight = Arc::new(InFlight::default());
    let tracker = Tracker::counted_in(Arc::clone(&in_flight));
    let after = |n: u32| (Position::After { sequence: n.to_string().into(), sub_sequence: None }, None);
    for n in 0..10 {
        tracker.open([after(n)]).for_each(Ack::ack);
    }
    assert!(in_flight.attention().now_or_never().is_none(), "a page that was acked is nobody's business");
    let last = tracker.open([after(10)]);
    tracker.finish();
    last.for_each(Ack::ack);
    assert!(in_flight.attention().now_or_never().is_some());
    let other = Tracker::counted_in(Arc::clone(&in_flight));
    let out = other.open([after(1)]);
    other.drain();
    out.for_each(Ack::ack);
    assert!(in_flight.attention().now_or_never().is_some());
}
