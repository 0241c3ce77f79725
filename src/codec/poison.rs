//! What becomes of bytes that cannot be decoded.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures::Sink;

use crate::{Error, Message, Result};

/// What the decode stage does with bytes that cannot be decoded. A third way, to send them elsewhere, is
/// [`Decode::divert`](crate::codec::Decode::divert).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Poison {
    /// Yields an error that names the message, and ends the stream: nothing moves past the message. The default.
    #[default]
    Fail,
    /// Acks and counts the message, with one warning per record, and goes on.
    Skip,
}

/// How many messages a decode stage could not decode, whatever became of them. Cheap to clone, and outlives the stage.
///
/// # Example
///
/// ```
/// use futures::{TryStreamExt, stream};
/// use headwater::Message;
/// use headwater::codec::{self, DecodeExt, Poison};
///
/// # futures::executor::block_on(async {
/// let records = stream::iter(["1", "one", "2"].map(|text| Ok(Message::new(text.into()))));
/// let numbers = records.decode(codec::json::<u32>()).on_poison(Poison::Skip);
/// let poisoned = numbers.poison_count();
///
/// let numbers: Vec<_> = numbers.map_ok(|message| *message.payload()).try_collect().await?;
/// assert_eq!(numbers, [1, 2]);
/// assert_eq!(poisoned.get(), 1);
/// # Ok::<(), headwater::Error>(())
/// # }).unwrap();
/// ```
#[derive(Clone, Debug, Default)]
pub struct PoisonCount(Arc<AtomicU64>);

impl PoisonCount {
    /// Returns the count so far.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    pub(super) fn add_one(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// The policy at work.
pub(super) enum Policy {
    Fail,
    Skip,
    Divert(Outlet),
}

impl From<Poison> for Policy {
    fn from(poison: Poison) -> Self {
        match poison {
            Poison::Fail => Self::Fail,
            Poison::Skip => Self::Skip,
        }
    }
}

/// The sink that diverted messages go to.
pub(super) struct Outlet {
    sink: Pin<Box<dyn Sink<Message<Bytes>, Error = Error> + Send>>,
    /// A message that waits until the sink has room. While there is one, nothing more is decoded.
    held: Option<Message<Bytes>>,
    /// Set while the sink has messages that it was not asked to flush, or has not finished flushing.
    unflushed: bool,
}

impl Outlet {
    pub(super) fn new(sink: impl Sink<Message<Bytes>, Error = Error> + Send + 'static) -> Self {
        Self { sink: Box::pin(sink), held: None, unflushed: false }
    }

    /// Takes a message, to be sent by the next [`poll_room`](Self::poll_room).
    pub(super) fn hold(&mut self, message: Message<Bytes>) {
        debug_assert!(self.held.is_none(), "a second message before the first was sent");
        self.held = Some(message);
    }

    /// Lets the sink work on what it holds, without waiting for it.
    pub(super) fn drive(&mut self, cx: &mut Context<'_>) -> Result<()> {
        if self.unflushed
            && let Poll::Ready(Err(error)) = self.sink.as_mut().poll_ready(cx)
        {
            return Err(diverting(error));
        }
        Ok(())
    }

    /// Sends the held message. Ready once there is none.
    pub(super) fn poll_room(&mut self, cx: &mut Context<'_>) -> Poll<Result<()>> {
        if self.held.is_none() {
            return Poll::Ready(Ok(()));
        }
        ready!(self.sink.as_mut().poll_ready(cx)).map_err(diverting)?;
        if let Some(message) = self.held.take() {
            self.sink.as_mut().start_send(message).map_err(diverting)?;
            self.unflushed = true;
        }
        Poll::Ready(Ok(()))
    }

    /// Flushes, because the stream has nothing to do.
    pub(super) fn idle(&mut self, cx: &mut Context<'_>) -> Result<()> {
        if self.unflushed
            && let Poll::Ready(flushed) = self.sink.as_mut().poll_flush(cx)
        {
            flushed.map_err(diverting)?;
            self.unflushed = false;
        }
        Ok(())
    }

    pub(super) fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<Result<()>> {
        self.sink.as_mut().poll_close(cx).map_err(diverting)
    }
}

fn diverting(error: Error) -> Error {
    error.during("divert what could not be decoded")
}
