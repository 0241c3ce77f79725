//! The stream that users see.

use std::collections::VecDeque;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures::Stream;
use futures::stream::FusedStream;
use tokio::sync::mpsc;

use crate::checkpoint::InFlight;
use crate::source::Upstream;
use crate::source::clock::Clock;
use crate::source::config::SourceConfig;
use crate::source::handles::control::Control;
use crate::source::leasing::coordinator::{Coordinator, Ends};
use crate::source::pages::budget::ByteBudget;
use crate::source::pages::event::{Event, News};
use crate::source::pages::open_page::{Aside, OpenPage};
use crate::source::pages::reading::Reading;
use crate::{Error, Message, Result};

/// How many pages may wait between the readers and the stream. The byte budget bounds what they hold.
const WAITING_PAGES: usize = 64;

/// A stream of messages that are acknowledged, whose checkpoints can be waited for through its [`Control`].
///
/// # Example
///
/// What can be said of every source:
///
/// ```
/// use futures::StreamExt;
/// use headwater::{MemoryStream, Result, Source};
///
/// async fn copy(source: impl Source, to: &MemoryStream) -> Result<()> {
///     let control = source.control();
///     source.forward(to.sink()).await?;
///     control.finished().await
/// }
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<()> {
/// # let (orders, copies) = (MemoryStream::new("orders", 1), MemoryStream::new("copies", 1));
/// # orders.put("customer-7", "an order");
/// # let mut config = headwater::source::SourceConfig::default();
/// # config.until = headwater::source::Until::Tip;
///
/// copy(orders.source_with(config).await?, &copies).await?;
/// assert_eq!(copies.records().len(), 1);
/// # Ok(())
/// # }
/// ```
pub trait Source: Stream<Item = Result<Message<Bytes>>> {
    /// Returns a handle that survives `decode` and `forward`.
    fn control(&self) -> Control;
}

/// All shards of a stream, merged: a [`Stream`] of messages, each shard's in order.
///
/// # Guarantee
///
/// Only acks move checkpoints. Dropping the stream ends reading; what was not handed out is read again by the next
/// start, and acks of what was are still stored until `drain_timeout`.
///
/// # Errors
///
/// An error ends the stream: a fatal one from the service, an outage beyond `outage_limit`, or `Abandoned` when a
/// message was dropped without an ack.
///
/// # Cancel safety
///
/// `next` may be dropped: no message is lost.
///
/// # Example
///
/// A message that is dropped without an ack is not passed over in silence:
///
/// ```
/// use futures::TryStreamExt;
/// use headwater::{ErrorKind, MemoryStream};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> headwater::Result<()> {
/// let stream = MemoryStream::new("orders", 1);
/// stream.put("customer-7", "an order");
///
/// let mut source = stream.source().await?;
/// drop(source.try_next().await?);
/// let error = source.try_next().await.unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::Abandoned);
/// assert!(error.to_string().contains("shardId-000000000000"));
/// # Ok(())
/// # }
/// ```
pub struct ShardedSource {
    events: mpsc::Receiver<Event>,
    pub(super) control: Control,
    pub(super) in_flight: Arc<InFlight>,
    max_in_flight: usize,
    pub(super) budget: ByteBudget,
    pub(super) current: Option<OpenPage>,
    /// What is held back: by what holds its shards back, or because as many messages are out as may be. In the order of
    /// each shard.
    pub(super) aside: VecDeque<Aside>,
    /// Whether what came after the start is held back until everything before it was handed out.
    pub(super) backfilling: bool,
    /// The shards that were read to that tip, and wait for the others.
    pub(super) ahead: Vec<Arc<Reading>>,
    pub(super) clock: Clock,
    ended: bool,
}

impl ShardedSource {
    /// Lists the shards, settles where the application starts, and begins to read.
    ///
    /// # Errors
    ///
    /// `Invalid` for a setting out of range; what the listing or the checkpoint store answers.
    pub async fn connect(upstream: Arc<dyn Upstream>, config: SourceConfig) -> Result<Self> {
        config.validate()?;
        let clock = Clock::start();
        let (control, seeks) = Control::new();
        let in_flight = Arc::new(InFlight::default());
        let max_in_flight = config.max_in_flight;
        let budget = ByteBudget::new(config.buffer_bytes);
        let (event_tx, events) = mpsc::channel(WAITING_PAGES);
        let stream = Ends {
            control: control.clone(),
            seeks,
            in_flight: Arc::clone(&in_flight),
            budget: budget.clone(),
            events: event_tx,
            clock,
        };
        let coordinator = Coordinator::start(upstream, config, stream).await?;
        // Owned by the control handle: it ends once the stream is dropped or done and its acks are in.
        tokio::spawn(coordinator.run());
        Ok(Self {
            events,
            control,
            in_flight,
            max_in_flight,
            budget,
            current: None,
            aside: VecDeque::new(),
            backfilling: false,
            ahead: Vec::new(),
            clock,
            ended: false,
        })
    }

    /// Returns a handle that survives `decode` and `forward`.
    pub fn control(&self) -> Control {
        self.control.clone()
    }

    fn next_of_page(&mut self) -> Option<Message<Bytes>> {
        let page = self.current.as_mut()?;
        if page.reading.is_over() {
            self.current.take().into_iter().for_each(OpenPage::retract);
            return None;
        }
        if !page.may_go_out() {
            let page = self.current.take()?;
            self.aside.push_front(Aside::open(page));
            return None;
        }
        let message = page.next();
        if message.is_none()
            && let Some(page) = self.current.take()
            && page.is_before_tip
        {
            self.reach_tip_of(page.reading);
        }
        message
    }

    /// Takes in what may be handed out first, as far as it is there.
    fn poll_take_in(&mut self, cx: &mut Context<'_>) -> Poll<Option<()>> {
        loop {
            let aside = match self.next_aside() {
                Some(aside) => aside,
                None => match ready!(self.poll_event(cx)) {
                    Some(event) if self.holds_back(&event.reading) => {
                        self.aside.push_back(Aside::Event(event));
                        continue;
                    }
                    Some(event) => Aside::Event(event),
                    None => return Poll::Ready(None),
                },
            };
            if aside.reading().is_over() {
                aside.retract();
                continue;
            }
            // A page waits for acks; the news that there are no more pages does not.
            if aside.is_page() && self.in_flight.poll_below(self.max_in_flight, cx).is_pending() {
                self.aside.push_front(aside);
                return Poll::Pending;
            }
            self.take_in(aside);
            return Poll::Ready(Some(()));
        }
    }

    /// Tells whether news of a shard has to wait: the shard is held back, or its gate opened just now and what was put
    /// aside before goes first.
    fn holds_back(&self, reading: &Arc<Reading>) -> bool {
        !reading.may_go_out() || self.aside.iter().any(|aside| Arc::ptr_eq(aside.reading(), reading))
    }

    /// Returns the first of what was put aside whose shard is held back no more, or is read anew.
    fn next_aside(&mut self) -> Option<Aside> {
        let may_go = |reading: &Arc<Reading>| reading.is_over() || reading.may_go_out();
        let reading = Arc::clone(self.aside.iter().map(Aside::reading).find(|reading| may_go(reading))?);
        // Its gate may have opened in the midst of the search, behind the first of them.
        let first = self.aside.iter().position(|aside| Arc::ptr_eq(aside.reading(), &reading))?;
        self.aside.remove(first)
    }

    fn poll_event(&mut self, cx: &mut Context<'_>) -> Poll<Option<Event>> {
        let event = self.events.poll_recv(cx);
        if event.is_pending() {
            self.budget.set_hungry(true);
        }
        event
    }

    fn take_in(&mut self, aside: Aside) {
        let Event { reading, news } = match aside {
            Aside::Open(page) => return self.current = Some(page.take_up()),
            Aside::Event(event) => event,
        };
        match news {
            News::Page(fetched) => self.open_page(reading, fetched),
            News::Tip => self.reach_tip_of(reading),
            News::Bound => {
                reading.set_read();
                self.reach_tip_of(reading);
            }
            News::End { children } => {
                reading.end(children);
                self.in_flight.call_attention();
            }
        }
    }

    fn end_with(&mut self, error: Option<Error>) -> Poll<Option<Result<Message<Bytes>>>> {
        self.end();
        Poll::Ready(error.map(Err))
    }

    /// Stops reading. What was opened and not handed out is nobody's debt.
    fn end(&mut self) {
        self.ended = true;
        self.events.close();
        self.aside.drain(..).for_each(Aside::retract);
        self.current.take().into_iter().for_each(OpenPage::retract);
        self.control.stop();
    }
}

impl Stream for ShardedSource {
    type Item = Result<Message<Bytes>>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        if this.ended {
            return Poll::Ready(None);
        }
        loop {
            // Looked at before each message, so it is a load.
            if this.control.has_failed() {
                let error = this.control.take_failure();
                return this.end_with(error);
            }
            if let Some(message) = this.next_of_page() {
                return Poll::Ready(Some(Ok(message)));
            }
            this.control.watch(cx);
            if this.control.is_stopped() {
                // A failure stops the source too, maybe since this poll began.
                let error = this.control.take_failure();
                return this.end_with(error);
            }
            if ready!(this.poll_take_in(cx)).is_none() {
                let error = this.control.take_failure();
                return this.end_with(error);
            }
        }
    }
}

impl FusedStream for ShardedSource {
    fn is_terminated(&self) -> bool {
        self.ended
    }
}

impl Source for ShardedSource {
    fn control(&self) -> Control {
        self.control.clone()
    }
}

impl Drop for ShardedSource {
    fn drop(&mut self) {
        self.end();
    }
}

impl fmt::Debug for ShardedSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ShardedSource").field("ended", &self.ended).finish_non_exhaustive()
    }
}
