//! What becomes of bytes that cannot be decoded, watched through the acks that reach the source.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures::StreamExt;
use futures::stream::{self, FusedStream};
use metrics_util::debugging::{DebugValue, DebuggingRecorder};
use tracing::span;

use crate::codec::tests::shard::{Shard, after, drain};
use crate::codec::tests::switchboard::Switchboard;
use crate::codec::{self, Codec, DecodeExt, Json, Poison};
use crate::{ErrorKind, Message};

const WITH_POISON: [&str; 3] = ["1\n", "2\nbad\n3\n", "4\n"];

#[test]
fn one_poison_record_gets_its_policy_fail_skip_or_dead_letter_and_its_neighbours_arrive_once() {
    let shard = Shard::new();
    let mut failing = shard.records(WITH_POISON).decode(codec::json_lines::<u32>());
    let (numbers, error) = drain(&mut failing);
    assert_eq!(numbers, [1, 2]);
    let error = error.unwrap();
    assert_eq!(error.kind(), ErrorKind::Decode);
    assert_eq!(
        error.to_string(),
        "decode message of \"orders\" shardId-000000000003 at sequence 2, element 1 as JSON in lines: expected value \
         at line 1 column 1"
    );
    assert!(failing.is_terminated());
    assert!(drain(&mut failing).0.is_empty(), "an ended stream stays ended");
    assert_eq!(shard.watermark(), Some(after(1)), "nothing moves past what was not decoded");
    assert_eq!(shard.tracker.abandoned(), Some(after(2)));

    let shard = Shard::new();
    let mut skipping = shard.records(WITH_POISON).decode(codec::json_lines::<u32>()).on_poison(Poison::Skip);
    assert_eq!(drain(&mut skipping).0, [1, 2, 3, 4]);
    assert_eq!(skipping.poison_count().get(), 1);
    assert_eq!(shard.watermark(), Some(after(3)));

    let (shard, letters) = (Shard::new(), Switchboard::default());
    let mut diverting = shard.records(WITH_POISON).decode(codec::json_lines::<u32>()).divert(letters.clone());
    assert_eq!(drain(&mut diverting).0, [1, 2, 3, 4]);
    assert_eq!(diverting.poison_count().get(), 1);
    assert_eq!(letters.texts(), ["bad"]);
    assert_eq!(shard.watermark(), Some(after(1)), "the letter is not delivered");
    let letter = letters.lock().messages.pop().unwrap();
    assert_eq!(letter.key(), Some(&"customer-7".into()));
    assert_eq!(letter.origin().unwrap().position(), after(2));
    letter.ack();
    assert_eq!(shard.watermark(), Some(after(3)));
}

#[test]
fn poison_is_counted_by_stream_and_policy() {
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    let shard = Shard::new();
    metrics::with_local_recorder(&recorder, || {
        drain(&mut shard.records(WITH_POISON).decode(codec::json_lines::<u32>()));
        let twice = shard.records(["bad\n1\nworse\n"]).chain(stream::iter([Ok(Message::new("bad".into()))]));
        let mut skipping = twice.decode(codec::json_lines::<u32>()).on_poison(Poison::Skip);
        drain(&mut skipping);
        assert_eq!(skipping.poison_count().get(), 3);
        let diverting = shard.records(WITH_POISON).decode(codec::json_lines::<u32>());
        drain(&mut diverting.divert(Switchboard::default()));
    });
    let counted = snapshotter.snapshot().into_vec().into_iter().map(|(key, _, _, value)| {
        assert_eq!(key.key().name(), "headwater_poison_total");
        let labels = key.key().labels().map(|label| format!("{}={}", label.key(), label.value()));
        (labels.collect::<Vec<_>>().join(" "), value)
    });
    let expected = [
        ("stream=orders policy=fail", 1),
        ("stream=orders policy=skip", 2),
        ("stream= policy=skip", 1),
        ("stream=orders policy=divert", 1),
    ];
    let expected = expected.map(|(labels, count)| (labels.to_owned(), DebugValue::Counter(count)));
    assert_eq!(counted.collect::<HashMap<_, _>>(), HashMap::from(expected));
}

#[test]
fn the_rest_of_a_damaged_record_is_one_piece_of_poison() {
    let texts = ["1:1,1:2,9:3,1:4,", "1:5,"];
    let netstrings = || Codec::new(codec::Netstrings, Json::<u32>::new());
    let (shard, letters) = (Shard::new(), Switchboard::default());
    let mut diverting = shard.records(texts).decode(netstrings()).divert(letters.clone());
    assert_eq!(drain(&mut diverting).0, [1, 2, 5]);
    assert_eq!(letters.texts(), ["9:3,1:4,"]);

    let shard = Shard::new();
    let mut skipping = shard.records(texts).decode(netstrings()).on_poison(Poison::Skip);
    assert_eq!(drain(&mut skipping).0, [1, 2, 5]);
    assert_eq!((skipping.poison_count().get(), shard.watermark()), (1, Some(after(2))));

    let mut failing = shard.records(texts).decode(netstrings());
    let (numbers, error) = drain(&mut failing);
    assert_eq!(numbers, [1, 2]);
    assert!(error.unwrap().to_string().contains("netstring that starts at byte 8"));
}

/// Counts events.
#[derive(Clone, Default)]
struct Counter(Arc<AtomicUsize>);

impl tracing::Subscriber for Counter {
    fn enabled(&self, _: &tracing::Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn event(&self, _: &tracing::Event<'_>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

#[test]
fn skipping_warns_once_per_record() {
    let (shard, warnings) = (Shard::new(), Counter::default());
    let skip = || {
        let records = shard.records(["bad\n1\nworse\n", "bad\n"]);
        let mut numbers = records.decode(codec::json_lines::<u32>()).on_poison(Poison::Skip);
        assert_eq!(drain(&mut numbers).0, [1]);
        assert_eq!(numbers.poison_count().get(), 3);
    };
    tracing::subscriber::with_default(warnings.clone(), || {
        // A test without a subscriber that warns here first makes tracing remember the place as switched off.
        skip();
        tracing::callsite::rebuild_interest_cache();
        warnings.0.store(0, Ordering::Relaxed);
        skip();
    });
    assert_eq!(warnings.0.load(Ordering::Relaxed), 2);
}
