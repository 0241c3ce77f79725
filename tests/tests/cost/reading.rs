//! From a fetched page to the user's ack.

use std::pin::pin;
use std::sync::Arc;

use futures::{Stream, TryStreamExt};
use headwater::codec::{self, DecodeExt};
use headwater::source::{ShardedSource, SourceConfig};
use headwater::{Message, Result};
use stats_alloc::Region;
use tokio::runtime::Builder;

use crate::synthetic::{PAGE, Synthetic};
use crate::{ALLOCATOR, counting};

const PAGES: usize = 50;

/// The most allocations that a message may take.
const ALLOWED: f64 = 0.1;

/// Reads and acks all of a synthetic stream, and returns how many allocations each message took.
fn cost<T, S>(payload: &[u8], through: impl FnOnce(ShardedSource) -> S) -> f64
where
    S: Stream<Item = Result<Message<T>>>,
{
    let _counting = counting();
    // One thread, so that nothing else of this test allocates meanwhile.
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let upstream = Arc::new(Synthetic { pages: PAGES, payload: payload.to_vec() });
        let source = ShardedSource::connect(upstream, SourceConfig::default()).await.unwrap();
        let control = source.control();
        let mut messages = pin!(through(source));
        let region = Region::new(ALLOCATOR);
        let mut count = 0;
        while let Some(message) = messages.try_next().await.unwrap() {
            message.ack();
            count += 1;
        }
        let allocations = region.change().allocations;
        control.finished().await.unwrap();
        assert_eq!(count, PAGES * PAGE);
        allocations as f64 / count as f64
    })
}

#[test]
fn a_message_takes_a_tenth_of_an_allocation_from_its_page_to_its_ack() {
    let cost = cost(&[b'x'; 1_000], |source| source);
    println!("{cost:.4} allocations a message");
    assert!(cost <= ALLOWED, "{cost} allocations a message");
}

#[test]
fn decoding_allocates_nothing_but_what_the_value_needs() {
    let number = format!("{:1000}", 4711);
    let cost = cost(number.as_bytes(), |source| source.decode::<u64, _>(codec::json()));
    println!("{cost:.4} allocations a message");
    assert!(cost <= ALLOWED, "{cost} allocations a message");
}
