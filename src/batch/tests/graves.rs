//! A sink of dead letters that is slow, refuses, or fails late.

use std::collections::HashSet;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use fastrand::Rng;
use futures::Sink;
use tokio::time::{Instant, Sleep, sleep_until};

use crate::{Delivery, Error, ErrorKind, Message, Result, Undelivered};

/// What is buried.
#[derive(Clone, Default)]
pub(super) struct Graves(Arc<Mutex<Ground>>);

#[derive(Default)]
struct Ground {
    holds: Vec<Message<Bytes>>,
    ever_held: HashSet<usize>,
}

/// Returns the number of a message, which its payload begins with.
pub(super) fn number_of(message: &Message<Bytes>) -> usize {
    std::str::from_utf8(message.payload()).unwrap().trim_end_matches('x').parse().unwrap()
}

impl Graves {
    pub(super) fn numbers(&self) -> Vec<usize> {
        self.0.lock().unwrap().holds.iter().map(number_of).collect()
    }

    /// Tells whether a message was in it, be it that it came back.
    pub(super) fn ever_held(&self, number: usize) -> bool {
        self.0.lock().unwrap().ever_held.contains(&number)
    }
}

/// A sink of dead letters that is slow, refuses, or fails late.
pub(super) struct Digger {
    graves: Graves,
    rng: Rng,
    pause: Pin<Box<Sleep>>,
    /// Whether it fails at all.
    fails: bool,
}

impl Digger {
    pub(super) fn new(graves: &Graves, mut rng: Rng) -> Self {
        let fails = rng.bool();
        Self { graves: graves.clone(), rng, pause: Box::pin(sleep_until(Instant::now())), fails }
    }

    /// Rests, then says yes, or gives back everything that it took.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<()>> {
        if self.pause.as_mut().poll(cx).is_pending() {
            return Poll::Pending;
        }
        match self.rng.u8(..20) {
            0 if self.fails => {
                let error = Error::new(ErrorKind::Unavailable, "the ground is frozen");
                let taken = std::mem::take(&mut self.graves.0.lock().unwrap().holds);
                let back = |message| Undelivered::new(message, error.restate(), Delivery::Unknown);
                let back = taken.into_iter().map(back).collect();
                Poll::Ready(Err(error.carrying(back)))
            }
            0..5 => {
                let longest = if self.rng.u8(..20) == 0 { 100_000 } else { 200 };
                let until = Instant::now() + Duration::from_millis(self.rng.u64(1..longest));
                self.pause.as_mut().reset(until);
                self.poll(cx)
            }
            _ => Poll::Ready(Ok(())),
        }
    }
}

impl Sink<Message<Bytes>> for Digger {
    type Error = Error;

    fn poll_ready(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        self.get_mut().poll(cx)
    }

    fn start_send(self: Pin<&mut Self>, message: Message<Bytes>) -> Result<()> {
        let this = self.get_mut();
        if this.fails && this.rng.u8(..10) == 0 {
            let error = Error::new(ErrorKind::Invalid, "too heavy");
            let reason = error.restate();
            return Err(error.carrying(vec![Undelivered::new(message, reason, Delivery::NotStored)]));
        }
        let mut ground = this.graves.0.lock().unwrap();
        ground.ever_held.insert(number_of(&message));
        ground.holds.push(message);
        Ok(())
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        self.get_mut().poll(cx)
    }

    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        self.get_mut().poll(cx)
    }
}
