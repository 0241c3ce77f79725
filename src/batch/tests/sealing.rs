//! Records that are completed many at a time.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use bytes::{Bytes, BytesMut};
use futures::{StreamExt, stream};

use super::fake::{Act, Fake};
use crate::batch::BatchSink;
use crate::codec::{Frame, Framed, Framing, Lines, Split};
use crate::{ErrorKind, HashKey, Headers, Key, Message};

/// Lines whose last byte is written by the seal, unless there is one alone.
#[derive(Debug, Default)]
struct Sealed {
    most_at_once: AtomicUsize,
}

const OPEN: u8 = b'?';
const SEAL: u8 = b'!';

impl Framing for Sealed {
    fn name(&self) -> &'static str {
        "sealed lines"
    }

    fn joins(&self) -> bool {
        true
    }

    fn carries_keys(&self) -> bool {
        false
    }

    fn open(&self) -> Box<dyn Frame> {
        Box::new(Unsealed(Lines.open()))
    }

    fn seal(&self, records: &mut [BytesMut]) {
        self.most_at_once.fetch_max(records.len(), Relaxed);
        for record in records {
            let last = record.last_mut().expect("a record is not empty");
            assert_eq!(*last, OPEN, "a record is sealed once");
            *last = SEAL;
        }
    }

    fn split(&self, record: &Bytes) -> Split {
        Lines.split(record)
    }
}

struct Unsealed(Box<dyn Frame>);

impl Frame for Unsealed {
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
        if self.0.count() == 1 {
            return None;
        }
        let mut record = BytesMut::from(self.0.finish());
        *record.last_mut()? = OPEN;
        Some(record)
    }
}

/// Sends so many lines of nine bytes, without a key, in records of two, but for the last where their number is odd.
async fn send(lines: usize, batch_bytes: usize, service: &Fake) -> Arc<Sealed> {
    let framing = Arc::new(Sealed::default());
    let builder = BatchSink::builder().frame_size(20).batch_bytes(batch_bytes);
    let sink = builder.build(service.clone()).unwrap().framed(Arc::clone(&framing) as Arc<dyn Framing>);
    let messages = (0..lines).map(|_| Ok(Message::new(Bytes::from_static(b"123456789"))));
    stream::iter(messages).forward(sink).await.unwrap();
    framing
}

#[tokio::test(start_paused = true)]
async fn records_are_sealed_several_at_a_time_before_they_are_sent() {
    let service = Fake::storing();
    let framing = send(201, usize::MAX, &service).await;
    let stored = service.stored();
    assert_eq!(stored.len(), 101);
    assert!(stored[..100].iter().all(|entry| entry.data.last() == Some(&SEAL)));
    assert_eq!(stored[100].data, "123456789\n");
    assert!(framing.most_at_once.load(Relaxed) > 1);
}

#[tokio::test(start_paused = true)]
async fn a_record_that_waits_for_the_next_request_is_sealed_once() {
    let service = Fake::storing();
    // A record is 56 bytes with its key, so that the third of each request has no room.
    send(100, 150, &service).await;
    assert_eq!(service.requests().len(), 25);
    assert!(service.stored().iter().all(|entry| entry.data.last() == Some(&SEAL)));
}

#[tokio::test(start_paused = true)]
async fn a_record_that_is_sent_again_is_not_sealed_again() {
    let service = Fake::scripted(|nth, batch| match nth {
        0 => Act::refuse(batch, |_| Some(ErrorKind::Throttled)),
        1 => Act::Fail(ErrorKind::Unavailable),
        _ => Act::store_all(batch),
    });
    send(100, usize::MAX, &service).await;
    assert_eq!(service.stored().len(), 50);
    assert!(service.stored().iter().all(|entry| entry.data.last() == Some(&SEAL)));
}

/// Another framing, whose last byte is hidden until the seal.
#[derive(Debug)]
pub(super) struct Hidden<F>(pub(super) F);

/// What hides a byte of ASCII.
const VEIL: u8 = 0x80;

impl<F: Framing> Framing for Hidden<F> {
    fn name(&self) -> &'static str {
        "hidden"
    }

    fn joins(&self) -> bool {
        self.0.joins()
    }

    fn carries_keys(&self) -> bool {
        self.0.carries_keys()
    }

    fn shared_key(&self, first: &Key, hash_key: HashKey) -> Key {
        self.0.shared_key(first, hash_key)
    }

    fn open(&self) -> Box<dyn Frame> {
        Box::new(Veiled(self.0.open()))
    }

    fn seal(&self, records: &mut [BytesMut]) {
        for record in records {
            let last = record.last_mut().expect("a record is not empty");
            assert!(*last >= VEIL, "a record is sealed once");
            *last ^= VEIL;
        }
    }

    fn split(&self, record: &Bytes) -> Split {
        self.0.split(record)
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
