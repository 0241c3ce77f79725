//! The sink that takes what could not be delivered.

use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures::Sink;

use crate::{Error, Message, Result, Undelivered};

/// A sink of dead letters.
pub(super) type DeadLetterSink = Pin<Box<dyn Sink<Message<Bytes>, Error = Error> + Send>>;

/// The sink that takes what could not be delivered, and what waits for it.
pub(super) struct DeadLetters {
    sink: DeadLetterSink,
    waiting: VecDeque<(Undelivered, u64)>,
    unflushed: bool,
    /// It failed, and takes no more.
    failed: bool,
}

/// What became of dead letters since the last look.
#[derive(Default)]
pub(super) struct Buried {
    /// Handed over: their bytes and epochs.
    pub(super) taken: Vec<(usize, u64)>,
    /// Not taken: to be handed back.
    pub(super) returned: Vec<(Undelivered, Option<u64>)>,
}

impl DeadLetters {
    pub(super) fn new(sink: DeadLetterSink) -> Self {
        Self { sink, waiting: VecDeque::new(), unflushed: false, failed: false }
    }

    /// Takes a message, or returns it once the sink has failed.
    pub(super) fn push(&mut self, undelivered: Undelivered, epoch: u64) -> Option<Undelivered> {
        if self.failed {
            return Some(undelivered);
        }
        self.waiting.push_back((undelivered, epoch));
        None
    }

    /// Sends what waits, and flushes once nothing does.
    pub(super) fn drive(&mut self, cx: &mut Context<'_>) -> Buried {
        let mut buried = Buried::default();
        if let Err(error) = self.try_drive(cx, &mut buried) {
            self.fail(error, &mut buried);
        }
        buried
    }

    /// Closes the sink. Ready once everything is in it.
    pub(super) fn poll_close(&mut self, cx: &mut Context<'_>) -> (Poll<()>, Buried) {
        let mut buried = self.drive(cx);
        if self.failed {
            return (Poll::Ready(()), buried);
        }
        if !self.waiting.is_empty() {
            return (Poll::Pending, buried);
        }
        match self.sink.as_mut().poll_close(cx) {
            Poll::Ready(Err(error)) => {
                self.fail(error, &mut buried);
                (Poll::Ready(()), buried)
            }
            Poll::Ready(Ok(())) => (Poll::Ready(()), buried),
            Poll::Pending => (Poll::Pending, buried),
        }
    }

    /// Takes out what is not in the sink yet.
    pub(super) fn give_up(&mut self) -> Buried {
        let mut buried = Buried::default();
        let rest = self.waiting.drain(..).map(|(undelivered, epoch)| (undelivered, Some(epoch)));
        buried.returned.extend(rest);
        buried
    }

    fn try_drive(&mut self, cx: &mut Context<'_>, buried: &mut Buried) -> Result<()> {
        while !self.waiting.is_empty() {
            match self.sink.as_mut().poll_ready(cx) {
                Poll::Ready(ready) => ready?,
                Poll::Pending => return Ok(()),
            }
            let Some((undelivered, epoch)) = self.waiting.pop_front() else { break };
            let bytes = undelivered.message().wire_len();
            let kept = undelivered.message().clone();
            let reason = undelivered.reason().restate();
            let delivery = undelivered.delivery();
            match self.sink.as_mut().start_send(undelivered.into_message()) {
                Ok(()) => {
                    tracing::warn!(%reason, "a message went to the dead letters");
                    // The debt of a clone is its own share.
                    kept.ack();
                    buried.taken.push((bytes, epoch));
                }
                Err(error) => {
                    return Err(refused(error, Undelivered::new(kept, reason, delivery), epoch, buried));
                }
            }
            self.unflushed = true;
        }
        if self.unflushed
            && let Poll::Ready(flushed) = self.sink.as_mut().poll_flush(cx)
        {
            self.unflushed = false;
            flushed?;
        }
        Ok(())
    }

    /// Hands back what the sink could not take, and everything that waits for it.
    fn fail(&mut self, error: Error, buried: &mut Buried) {
        tracing::error!(%error, "the sink of dead letters failed: what cannot be delivered is handed back instead");
        self.failed = true;
        buried.returned.extend(error.into_undelivered().into_iter().map(|undelivered| (undelivered, None)));
        let waiting = self.waiting.drain(..).map(|(undelivered, epoch)| (undelivered, Some(epoch)));
        buried.returned.extend(waiting);
    }
}

/// Hands back a message that the dead letters refuse, for its first reason, whether they return it or not.
fn refused(error: Error, kept: Undelivered, epoch: u64, buried: &mut Buried) -> Error {
    let told = error.restate();
    let mut carried = error.into_undelivered();
    let own = carried.pop();
    buried.returned.extend(carried.into_iter().map(|undelivered| (undelivered, None)));
    // Where it came back its clone's share of the debt is paid, and only its own is left.
    let back = match own {
        Some(own) => {
            let (reason, delivery) = (kept.reason().restate(), kept.delivery());
            kept.into_message().ack();
            Undelivered::new(own.into_message(), reason, delivery)
        }
        None => kept,
    };
    buried.returned.push((back, Some(epoch)));
    told
}
