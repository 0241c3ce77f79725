//! A shard for tests.

use std::sync::Arc;

use bytes::Bytes;
use futures::{FutureExt, Stream, StreamExt, stream};

use crate::checkpoint::{FencingToken, Tracker};
use crate::{Error, Headers, Message, Origin, OriginShard, Position, Result};

/// A shard whose records are numbered from 1, and whose watermark tells what was acked.
pub(super) struct Shard {
    pub(super) tracker: Tracker,
    pub(super) shared: Arc<OriginShard>,
}

impl Shard {
    pub(super) fn new() -> Self {
        let shard = OriginShard {
            stream: "orders".into(),
            shard: "shardId-000000000003".into(),
            fencing_token: FencingToken(1),
        };
        Self { tracker: Tracker::new(), shared: Arc::new(shard) }
    }

    pub(super) fn record(&self, number: u32, text: &'static str) -> Message<Bytes> {
        let ack = self.tracker.open([(after(number), None)]).next().unwrap();
        let origin = Origin::new(Arc::clone(&self.shared), number.to_string().into(), None, None);
        Message::from_parts(text.into(), Some("customer-7".into()), Headers::new(), Some(origin), ack)
    }

    pub(super) fn records<const N: usize>(
        &self,
        texts: [&'static str; N],
    ) -> impl Stream<Item = Result<Message<Bytes>>> + use<N> {
        let records: Vec<_> =
            texts.into_iter().zip(1..).map(|(text, number)| Ok(self.record(number, text))).collect();
        stream::iter(records)
    }

    pub(super) fn watermark(&self) -> Option<Position> {
        self.tracker.watermark().map(|checkpoint| checkpoint.position)
    }
}

pub(super) fn after(number: u32) -> Position {
    Position::After { sequence: number.to_string().into(), sub_sequence: None }
}

/// Takes everything that is there, acking it, and stops at an error, at the end or where it would have to wait.
pub(super) fn drain<S: Stream<Item = Result<Message<u32>>> + Unpin>(
    stream: &mut S,
) -> (Vec<u32>, Option<Error>) {
    let mut numbers = Vec::new();
    loop {
        match stream.next().now_or_never() {
            Some(Some(Ok(message))) => {
                numbers.push(*message.payload());
                message.ack();
            }
            Some(Some(Err(error))) => return (numbers, Some(error)),
            Some(None) | None => return (numbers, None),
        }
    }
}
