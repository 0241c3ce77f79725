//! Records that are completed many at a time.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use bytes::{Bytes, BytesMut};
use futures::{StreamExt, stream};

use super::fake::{Act, Fake};
use crate::batch::BatchSink;
use crate::codec::{Frame, Framed, Framing, Lines, Split};
use crate::{ErrorKind, HashKey, Headers, Key, Message};

/// Another framing of ASCII, whose last byte is hidden until the seal.
#[derive(Debug)]
pub(super) struct Hidden<F> {
    inner: F,
    most_at_once: AtomicUsize,
}

/// What hides a byte.
const VEIL: u8 = 0x80;

impl<F> Hidden<F> {
    pub(super) fn new(inner: F) -> Arc<Self> {
        Arc::new(Self { inner, most_at_once: AtomicUsize::new(0) })
    }
}

impl<F: Framing> Framing for Hidden<F> {
    fn name(&self) -> &'static str {
        "hidden"
    }

    fn joins(&self) -> bool {
        self.inner.joins()
    }

    fn carries_keys(&self) -> bool {
        self.inner.carries_keys()
    }

    fn shared_key(&self, first: &Key, hash_key: HashKey) -> Key {
        self.inner.shared_key(first, hash_key)
    }

    fn open(&self) -> Box<dyn Frame> {
        Box::new(Veiled(self.inner.open()))
    }

    fn seal(&self, records: &mut [BytesMut]) {
        self.most_at_once.fetch_max(records.len(), Relaxed);
        for record in records {
            let last = record.last_mut().expect("a record is not empty");
            assert!(*last >= VEIL, "a record is sealed once");
            *last ^= VEIL;
        }
    }

    fn split(&self, record: &Bytes) -> Split {
        self.inner.split(record)
    }
}

struct Veiled(Box<dyn Frame>);

impl Frame for Veiled {
    fn len_with(&self, key: &Key, payload: &[u8], headers: &Headers) -> usize {
        self.0.len_with(key, payload, headers)
    }

    fn push(&mut self, key: &Key, payload: &[u8], headers: &Headers) {
        self.0.push(key, payload, headers);
    }

    fn count(&self) -> usize {
        self.0.count()
    }

    fn finish(&mut self) -> Bytes {
        self.0.finish()
    }

    fn finish_unsealed(&mut self) -> Option<BytesMut> {
        // Whether it is left open differs from record to record, as with aggregates.
        if self.0.count().is_multiple_of(3) {
            return None;
        }
        let mut record = BytesMut::from(self.0.finish());
        *record.last_mut()? ^= VEIL;
        Some(record)
    }
}

/// Sends so many pairs of lines of nine bytes, without a key, a pair to a record. Returns how many were sealed at once at most.
async fn send(pairs: usize, batch_bytes: usize, service: &Fake) -> usize {
    let framing = Hidden::new(Lines);
    let builder = BatchSink::builder().frame_size(20).batch_bytes(batch_bytes);
    let sink = builder.build(service.clone()).unwrap().framed(Arc::clone(&framing) as Arc<dyn Framing>);
    let messages = (0..2 * pairs).map(|_| Ok(Message::new(Bytes::from_static(b"123456789"))));
    stream::iter(messages).forward(sink).await.unwrap();
    let stored = service.stored();
    assert_eq!(stored.len(), pairs);
    assert!(stored.iter().all(|entry| entry.data == "123456789\n123456789\n"), "each is sealed");
    framing.most_at_once.load(Relaxed)
}

#[tokio::test(start_paused = true)]
async fn records_are_sealed_several_at_a_time_before_they_are_sent() {
    assert!(send(100, usize::MAX, &Fake::storing()).await > 1);
}

#[tokio::test(start_paused = true)]
async fn a_record_that_waits_for_the_next_request_is_sealed_once() {
    let service = Fake::storing();
    // A record is 56 bytes with its key, so that the third of each request has no room.
    send(50, 150, &service).await;
    assert_eq!(service.requests().len(), 25);
}

#[tokio::test(start_paused = true)]
async fn a_record_that_is_sent_again_is_not_sealed_again() {
    let service = Fake::scripted(|nth, batch| match nth {
        0 => Act::refuse(batch, |_| Some(ErrorKind::Throttled)),
        1 => Act::Fail(ErrorKind::Unavailable),
        _ => Act::store_all(batch),
    });
    send(50, usize::MAX, &service).await;
}
