//! What a message costs, counted in steps and not in time.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use futures::SinkExt;
use headwater::{BoxError, Headers, Key, Message};
use headwater_kinesis::codec::{Codec, Frame, Framing, Kpl, Serializer, Split};
use headwater_kinesis::{KinesisSink, Limits};
use headwater_local::{Faults, LocalKinesis};

/// The most times that a frame may be asked about a message or take it in, whatever the batch: a question, and an
/// answer, in the lane and in the frame of its key.
const STEPS: usize = 4;

/// How often the codec was called.
#[derive(Clone, Debug, Default)]
struct Calls {
    framed: Arc<AtomicUsize>,
    serialized: Arc<AtomicUsize>,
}

impl Serializer<u32> for Calls {
    fn serialize(&self, value: &u32, out: &mut Vec<u8>) -> Result<(), BoxError> {
        self.serialized.fetch_add(1, Ordering::Relaxed);
        out.extend_from_slice(value.to_string().as_bytes());
        Ok(())
    }
}

impl Framing for Calls {
    fn name(&self) -> &'static str {
        "counted aggregates"
    }

    fn joins(&self) -> bool {
        Kpl.joins()
    }

    fn carries_keys(&self) -> bool {
        Kpl.carries_keys()
    }

    fn open(&self) -> Box<dyn Frame> {
        Box::new(Counted { frame: Kpl.open(), calls: self.clone() })
    }

    fn split(&self, record: &Bytes) -> Split {
        Kpl.split(record)
    }
}

/// A frame of the KPL that counts what is asked of it.
struct Counted {
    frame: Box<dyn Frame>,
    calls: Calls,
}

impl Frame for Counted {
    fn len_with(&self, key: &Key, payload: &[u8], headers: &Headers) -> usize {
        self.calls.framed.fetch_add(1, Ordering::Relaxed);
        self.frame.len_with(key, payload, headers)
    }

    fn push(&mut self, key: &Key, payload: &[u8], headers: &Headers) {
        self.calls.framed.fetch_add(1, Ordering::Relaxed);
        self.frame.push(key, payload, headers);
    }

    fn count(&self) -> usize {
        self.frame.count()
    }

    fn finish(&mut self) -> Bytes {
        self.frame.finish()
    }
}

/// Sends so many messages in one go and counts what that took.
async fn send(messages: u32, keys: u32, faults: Faults) -> Calls {
    let local = LocalKinesis::builder().stream("orders", 4).build();
    let sink = KinesisSink::builder("orders").client(local.client()).max_queue(messages as usize);
    let calls = Calls::default();
    let codec = Codec::new(calls.clone(), calls.clone());
    let mut sink = sink.limits(Limits::Unlimited).connect().await.unwrap().encode(codec);
    local.faults().set(faults);
    for number in 0..messages {
        sink.feed(Message::keyed(number, format!("key-{}", number % keys))).await.unwrap();
    }
    sink.close().await.unwrap();
    calls
}

#[tokio::test(start_paused = true)]
async fn cost_per_record_does_not_grow_with_the_batch() {
    for messages in [10, 100, 1_000, 10_000] {
        // One busy key, some keys, and as many keys as messages.
        for keys in [1, 40, messages] {
            let calls = send(messages, keys, Faults::default()).await;
            let steps = calls.framed.load(Ordering::Relaxed);
            let most = STEPS * messages as usize;
            assert!(steps <= most, "{steps} steps for {messages} messages of {keys} keys");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_message_is_serialized_once_whatever_fails() {
    let calls = send(1_000, 40, Faults::seeded(7).fail_entries(0.3).lose_answers(0.1)).await;
    assert_eq!(calls.serialized.load(Ordering::Relaxed), 1_000);
}
