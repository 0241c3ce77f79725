//! A sink for tests that does as it is told: it has room, or none, or fails, and tells what happened to it.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use futures::Sink;

use crate::codec::{Framed, Framing};
use crate::{Error, ErrorKind, Message, Result};

/// The sink, and at the same time the board with its switches.
#[derive(Clone, Debug, Default)]
pub(super) struct Switchboard(Arc<Mutex<State>>);

#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) full: bool,
    /// Makes closing take two polls.
    pub(super) slow_to_close: bool,
    /// The operation that fails, of `ready`, `send`, `flush` and `close`.
    pub(super) failing: &'static str,
    pub(super) messages: Vec<Message<Bytes>>,
    pub(super) calls: Vec<&'static str>,
    pub(super) framing: Option<Arc<dyn Framing>>,
    waker: Option<Waker>,
}

impl Switchboard {
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    pub(super) fn failing_to(operation: &'static str) -> Self {
        let board = Self::default();
        board.lock().failing = operation;
        board
    }

    pub(super) fn make_room(&self) {
        let mut state = self.lock();
        state.full = false;
        state.waker.take().into_iter().for_each(Waker::wake);
    }

    pub(super) fn texts(&self) -> Vec<String> {
        let text = |message: &Message<Bytes>| String::from_utf8(message.payload().to_vec()).unwrap();
        self.lock().messages.iter().map(text).collect()
    }

    fn call(&self, operation: &'static str) -> Result<()> {
        let mut state = self.lock();
        state.calls.push(operation);
        if state.failing == operation {
            return Err(Error::new(ErrorKind::Unavailable, format!("{operation} fails")));
        }
        Ok(())
    }
}

impl Sink<Message<Bytes>> for Switchboard {
    type Error = Error;

    fn poll_ready(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        self.call("ready")?;
        let mut state = self.lock();
        if state.full {
            state.waker = Some(cx.waker().clone());
            return Poll::Pending;
        }
        Poll::Ready(Ok(()))
    }

    fn start_send(self: Pin<&mut Self>, message: Message<Bytes>) -> Result<()> {
        self.call("send")?;
        self.lock().messages.push(message);
        Ok(())
    }

    fn poll_flush(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<Result<()>> {
        Poll::Ready(self.call("flush"))
    }

    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        self.call("close")?;
        if std::mem::take(&mut self.lock().slow_to_close) {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(Ok(()))
    }
}

impl Framed for Switchboard {
    fn framed(self, framing: Arc<dyn Framing>) -> Self {
        self.lock().framing = Some(framing);
        self
    }
}
