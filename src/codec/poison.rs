//! What becomes of bytes that cannot be decoded.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};

use crate::Result;
use crate::codec::outlet::Outlet;

/// What the decode stage does with bytes that cannot be decoded. A third way, to send them elsewhere, is
/// [`Decode::divert`](crate::codec::Decode::divert).
///
/// # Example
///
/// ```
/// use futures::{TryStreamExt, stream};
/// use headwater::codec::{self, DecodeExt, Poison};
/// use headwater::{ErrorKind, Message, Result};
///
/// async fn numbers(poison: Poison) -> Result<Vec<u32>> {
///     let records = stream::iter(["1", "one", "2"].map(|text| Ok(Message::new(text.into()))));
///     let numbers = records.decode(codec::json::<u32>()).on_poison(poison);
///     numbers.map_ok(|message| *message.payload()).try_collect().await
/// }
///
/// # futures::executor::block_on(async {
/// assert_eq!(numbers(Poison::Fail).await.unwrap_err().kind(), ErrorKind::Decode);
/// assert_eq!(numbers(Poison::Skip).await?, [1, 2]);
/// # Ok::<(), headwater::Error>(())
/// # }).unwrap();
/// ```
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

impl Policy {
    /// Returns its name in metrics.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Fail => "fail",
            Self::Skip => "skip",
            Self::Divert(_) => "divert",
        }
    }

    pub(super) fn drive(&mut self, cx: &mut Context<'_>) -> Result<()> {
        self.outlet().map_or(Ok(()), |outlet| outlet.drive(cx))
    }

    pub(super) fn poll_room(&mut self, cx: &mut Context<'_>) -> Poll<Result<()>> {
        self.outlet().map_or(Poll::Ready(Ok(())), |outlet| outlet.poll_room(cx))
    }

    pub(super) fn idle(&mut self, cx: &mut Context<'_>) -> Result<()> {
        self.outlet().map_or(Ok(()), |outlet| outlet.idle(cx))
    }

    pub(super) fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<Result<()>> {
        self.outlet().map_or(Poll::Ready(Ok(())), |outlet| outlet.poll_close(cx))
    }

    fn outlet(&mut self) -> Option<&mut Outlet> {
        match self {
            Self::Divert(outlet) => Some(outlet),
            Self::Fail | Self::Skip => None,
        }
    }
}
