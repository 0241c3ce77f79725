//! The sink that takes what could not be decoded.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures::Sink;

use crate::{Error, Message, Result};

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
        // Closing flushes, and a sink that is closing must not be asked for room.
        self.unflushed = false;
        self.sink.as_mut().poll_close(cx).map_err(diverting)
    }
}

fn diverting(error: Error) -> Error {
    error.during("divert what could not be decoded")
}
