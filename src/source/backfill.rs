//! A source in two: what was there at its start, and what came since.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures::FutureExt;
use futures::stream::{FusedStream, Stream, StreamExt};
use tokio::sync::oneshot;

use crate::source::pages::event::{Event, Fetched, News};
use crate::source::pages::open_page::{Aside, OpenPage};
use crate::source::pages::reading::Reading;
use crate::source::{Control, Record, ShardedSource, Source};
use crate::{Message, Result};

impl ShardedSource {
    /// Parts what was in the stream when the source connected from what came since: the first stream ends once every
    /// shard was read to that tip, the second goes on from there, with the same leases and acks. Each is a source that
    /// can be decoded and forwarded.
    ///
    /// The tip is the time of the connection by this machine's clock, against the arrival times of the records. What the
    /// first stream had not handed out when it was dropped, the second hands out. A shard that came of a split or merge
    /// is read after its parents are acked, so a consumer that acks nothing may not see the end of the first stream.
    ///
    /// # Example
    ///
    /// ```
    /// use futures::{StreamExt, TryStreamExt};
    /// use headwater::MemoryStream;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> headwater::Result<()> {
    /// # let (stream, table) = (MemoryStream::new("prices", 2), MemoryStream::new("table", 1));
    /// stream.put("bread", "1.80");
    /// stream.put("milk", "1.10");
    ///
    /// let (history, mut live) = stream.source().await?.backfill();
    /// # tokio::time::sleep(std::time::Duration::from_millis(2)).await;
    /// # std::thread::sleep(std::time::Duration::from_millis(2));
    /// stream.put("milk", "1.15");
    /// history.forward(table.sink()).await?; // ends
    /// assert_eq!(table.records().len(), 2);
    ///
    /// let change = live.try_next().await?.expect("one came since");
    /// assert_eq!(change.payload(), "1.15");
    /// # change.ack();
    /// # Ok(())
    /// # }
    /// ```
    pub fn backfill(mut self) -> (Backfill, Live) {
        self.backfilling = true;
        parted(self)
    }

    /// Ends the back-fill: what was held back for it is free to be handed out.
    fn end_backfill(&mut self) {
        self.backfilling = false;
        self.ahead.drain(..).for_each(|reading| reading.ahead.open());
    }

    /// Polls for what was there when the source connected: ready with `None` once all of it was handed out.
    fn poll_backfill(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Message<Bytes>>>> {
        let next = self.poll_next_unpin(cx);
        let is_behind = |aside: &Aside| aside.reading().ahead.is_open();
        // Told before it was polled or after: `poll_next` has left its waker, which the news of it wakes.
        if next.is_pending() && self.control.is_caught_up() && !self.aside.iter().any(is_behind) {
            return Poll::Ready(None);
        }
        next
    }

    /// Opens a page, as far as the tip of the start if that lies in it. What comes after is put aside.
    pub(super) fn open_page(&mut self, reading: Arc<Reading>, mut fetched: Fetched) {
        let tip = self.clock.begun();
        let is_late = |record: &Record| record.arrival.is_some_and(|arrival| arrival >= tip);
        let late = if reading.is_at_tip() { None } else { fetched.records.iter().position(is_late) };
        let Some(late) = late else {
            self.current = Some(OpenPage::open(reading, fetched, false));
            return;
        };
        let rest = Fetched { records: fetched.records.split_off(late), behind: fetched.behind };
        let event = Event { reading: Arc::clone(&reading), news: News::Page(rest) };
        self.aside.push_front(Aside::Event(event));
        if late == 0 {
            return self.reach_tip_of(reading);
        }
        // There are two pages now.
        reading.fetched(fetched.behind);
        self.current = Some(OpenPage::open(reading, fetched, true));
    }

    /// Takes in that a shard was read to its tip.
    pub(super) fn reach_tip_of(&mut self, reading: Arc<Reading>) {
        reading.reach_tip();
        self.in_flight.call_attention();
        if self.backfilling {
            reading.ahead.close();
            self.ahead.push(reading);
        }
    }
}

/// Parts a source that is back-filling.
fn parted(source: ShardedSource) -> (Backfill, Live) {
    let control = source.control();
    let (hand_over, handed_over) = oneshot::channel();
    let backfill = Backfill { control: control.clone(), reading: Some((source, hand_over)) };
    (backfill, Live { control, state: LiveState::Waiting(handed_over) })
}

/// What was in a stream when its source connected. Made by [`ShardedSource::backfill`].
///
/// # Errors
///
/// As those of [`ShardedSource`]. After an error [`Live`] ends too.
///
/// # Cancel safety
///
/// `next` may be dropped: no message is lost. When the stream is dropped, [`Live`] goes on where it was.
#[must_use = "streams do nothing unless polled"]
pub struct Backfill {
    control: Control,
    /// `None` once it was handed over.
    reading: Option<(ShardedSource, oneshot::Sender<ShardedSource>)>,
}

impl Backfill {
    /// Returns the handle of the source, which is also that of [`Live`].
    pub fn control(&self) -> Control {
        self.control.clone()
    }

    fn hand_over(&mut self) {
        if let Some((mut source, live)) = self.reading.take() {
            source.end_backfill();
            // Where nobody wants what follows, the source ends here.
            let _ = live.send(source);
        }
    }
}

impl Stream for Backfill {
    type Item = Result<Message<Bytes>>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let Some((source, _)) = &mut self.reading else { return Poll::Ready(None) };
        let next = ready!(source.poll_backfill(cx));
        if next.is_none() {
            self.hand_over();
        }
        Poll::Ready(next)
    }
}

impl FusedStream for Backfill {
    fn is_terminated(&self) -> bool {
        self.reading.is_none()
    }
}

impl Source for Backfill {
    fn control(&self) -> Control {
        self.control.clone()
    }
}

impl Drop for Backfill {
    fn drop(&mut self) {
        self.hand_over();
    }
}

impl fmt::Debug for Backfill {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Backfill").field("ended", &self.reading.is_none()).finish_non_exhaustive()
    }
}

/// What comes to a stream after its [`Backfill`]. It waits until that has ended or is dropped.
///
/// # Errors
///
/// As those of [`ShardedSource`].
///
/// # Cancel safety
///
/// `next` may be dropped: no message is lost.
#[must_use = "streams do nothing unless polled"]
pub struct Live {
    control: Control,
    state: LiveState,
}

enum LiveState {
    Waiting(oneshot::Receiver<ShardedSource>),
    Reading(Box<ShardedSource>),
    Ended,
}

impl Live {
    /// Returns the handle of the source, which is also that of [`Backfill`].
    pub fn control(&self) -> Control {
        self.control.clone()
    }
}

impl Stream for Live {
    type Item = Result<Message<Bytes>>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            match &mut self.state {
                LiveState::Waiting(source) => {
                    let source = ready!(source.poll_unpin(cx));
                    self.state =
                        source.map_or(LiveState::Ended, |source| LiveState::Reading(Box::new(source)));
                }
                LiveState::Reading(source) => return source.poll_next_unpin(cx),
                LiveState::Ended => return Poll::Ready(None),
            }
        }
    }
}

impl FusedStream for Live {
    fn is_terminated(&self) -> bool {
        match &self.state {
            LiveState::Waiting(_) => false,
            LiveState::Reading(source) => source.is_terminated(),
            LiveState::Ended => true,
        }
    }
}

impl Source for Live {
    fn control(&self) -> Control {
        self.control.clone()
    }
}

impl fmt::Debug for Live {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match &self.state {
            LiveState::Waiting(_) => "waiting",
            LiveState::Reading(_) => "reading",
            LiveState::Ended => "ended",
        };
        f.debug_struct("Live").field("state", &state).finish_non_exhaustive()
    }
}
