//! How a source comes to read a shard anew: a message was dropped unacked, or the user wants it read from elsewhere.

use std::sync::Arc;
use std::time::Duration;

use crate::source::handles::seek::Seek;
use crate::source::leasing::coordinator::Coordinator;
use crate::source::leasing::held::Held;
use crate::source::{OnAbandon, ReadFrom};
use crate::{Error, ErrorKind, Position, Result, ShardId};

impl Coordinator {
    /// Looks for messages that were dropped unacked.
    pub(in crate::source) fn look_for_abandoned(&mut self) -> Result<()> {
        let abandoned = self.filter_held(|held| held.reading.tracker.abandoned().is_some());
        for shard in abandoned {
            match self.config.on_abandon {
                OnAbandon::Fail => return self.unacked().map_or(Ok(()), Err),
                OnAbandon::Redeliver if self.events.is_some() => self.redeliver(&shard),
                // The stream has ended, so `finished` tells of it.
                OnAbandon::Redeliver => {}
            }
        }
        Ok(())
    }

    /// Reads a shard again from its watermark.
    fn redeliver(&mut self, shard: &ShardId) {
        // What is handed over is read again by the next worker.
        let reads = self.leases.held.get_mut(shard).filter(|held| !held.is_leaving());
        let Some(held) = reads else { return };
        let from = held.reading.watermark().map_or_else(|| held.reading.from.clone(), ReadFrom::Position);
        let pause = held.restart_pause(&from);
        let stream = self.upstream.stream();
        tracing::warn!(%stream, %shard, ?from, "a message was dropped unacked; reading again");
        self.meters.redeliveries.increment(1);
        self.restart(shard, from, pause);
    }

    /// Does what a user asked for.
    pub(in crate::source) fn seek(&mut self, seek: Seek) {
        let Seek { shard, to, done } = seek;
        if self.events.is_none() {
            let read = Error::new(ErrorKind::Closed, "seek: everything that was asked for was read");
            return drop(done.send(Err(read)));
        }
        let to = match to {
            ReadFrom::Position(Position::Latest) => ReadFrom::Position(Position::At(self.clock.now())),
            to => to,
        };
        let reads = |held: &Held| !held.is_leaving();
        let known = shard.as_ref().is_none_or(|shard| self.leases.held.get(shard).is_some_and(reads));
        let answer = if known {
            let shards = shard.map_or_else(|| self.filter_held(reads), |shard| vec![shard]);
            for shard in shards {
                tracing::info!(stream = self.upstream.stream(), %shard, ?to, "seeking");
                self.restart(&shard, to.clone(), Duration::ZERO);
            }
            Ok(())
        } else {
            let shard = shard.as_ref().map_or("", ShardId::as_str);
            let context = format!("seek {shard}: this worker does not read it; status() tells what it reads");
            Err(Error::new(ErrorKind::NotFound, context))
        };
        // Who asked may have gone.
        let _ = done.send(answer);
    }

    /// Reads a shard from elsewhere, under the same lease.
    fn restart(&mut self, shard: &ShardId, from: ReadFrom, pause: Duration) {
        let Some(held) = self.leases.held.get(shard) else { return };
        let (origin, tenure) = (Arc::clone(&held.reading.origin), Arc::clone(&held.reading.tenure));
        let Some((reading, reader)) = self.reader(origin, tenure, from, None, pause) else { return };
        if let Some(held) = self.leases.held.get_mut(shard) {
            held.restart(reading, tokio::spawn(reader.run()));
        }
    }
}
