//! The stream that users see.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures::Stream;
use futures::stream::FusedStream;
use tokio::sync::mpsc;

use crate::ack::Acks;
use crate::checkpoint::InFlight;
use crate::source::budget::Charge;
use crate::source::config::SourceConfig;
use crate::source::control::Control;
use crate::source::coordinator::Coordinator;
use crate::source::reader::{Event, Reading};
use crate::source::{Page, Record, Upstream};
use crate::{Error, Message, Origin, Result};

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
    control: Control,
    in_flight: Arc<InFlight>,
    max_in_flight: usize,
    current: Option<OpenPage>,
    /// The next page, while as many messages are out as may be.
    held_back: Option<Event>,
    ended: bool,
}

/// The page that messages are taken from.
struct OpenPage {
    reading: Arc<Reading>,
    records: std::vec::IntoIter<Record>,
    acks: Acks,
    /// Held until the page is handed out.
    _charge: Charge,
}

impl ShardedSource {
    /// Lists the shards, settles where the application starts, and begins to read.
    ///
    /// # Errors
    ///
    /// `Invalid` for a setting out of range; what the listing or the checkpoint store answers.
    pub async fn connect(upstream: Arc<dyn Upstream>, config: SourceConfig) -> Result<Self> {
        config.validate()?;
        let control = Control::new();
        let in_flight = Arc::new(InFlight::default());
        let max_in_flight = config.max_in_flight;
        let (event_tx, events) = mpsc::channel(WAITING_PAGES);
        let coordinator =
            Coordinator::start(upstream, config, control.clone(), Arc::clone(&in_flight), event_tx).await?;
        // Owned by the control handle: it ends once the stream is dropped or done and its acks are in.
        tokio::spawn(coordinator.run());
        Ok(Self { events, control, in_flight, max_in_flight, current: None, held_back: None, ended: false })
    }

    /// Returns a handle that survives `decode` and `forward`.
    pub fn control(&self) -> Control {
        self.control.clone()
    }

    fn next_of_page(&mut self) -> Option<Message<Bytes>> {
        let page = self.current.as_mut()?;
        if page.reading.tracker.is_revoked() {
            self.current = None;
            return None;
        }
        let Some((record, ack)) = page.records.next().zip(page.acks.next()) else {
            self.current = None;
            return None;
        };
        let origin = Origin::new(
            Arc::clone(&page.reading.origin),
            record.sequence,
            record.sub_sequence,
            record.arrival,
        );
        Some(Message::from_parts(record.payload, record.key, Some(origin), ack))
    }

    fn open(&mut self, reading: Arc<Reading>, page: Page, charge: Charge) {
        if reading.tracker.is_revoked() {
            return;
        }
        let marks = page.records.iter().map(|record| (record.checkpoint_position(), record.arrival));
        let acks = reading.tracker.open(marks);
        self.current = Some(OpenPage { reading, records: page.records.into_iter(), acks, _charge: charge });
    }

    /// Takes in what a reader sent.
    fn take_in(&mut self, event: Event) {
        match event {
            Event::Page { reading, page, charge } => return self.open(reading, page, charge),
            Event::End { reading, children } => reading.end(children),
            Event::Tip { reading } => reading.reach_tip(),
        }
        self.in_flight.call_attention();
    }

    fn end_with(&mut self, error: Option<Error>) -> Poll<Option<Result<Message<Bytes>>>> {
        self.end();
        Poll::Ready(error.map(Err))
    }

    /// Stops reading. What was opened and not handed out is nobody's debt.
    fn end(&mut self) {
        self.ended = true;
        self.events.close();
        self.held_back = None;
        if let Some(page) = self.current.take() {
            page.acks.retract();
        }
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
        if let Some(error) = this.control.poll_failure(cx) {
            return this.end_with(Some(error));
        }
        loop {
            if let Some(message) = this.next_of_page() {
                return Poll::Ready(Some(Ok(message)));
            }
            if this.control.is_stopped() {
                // A failure stops the source too, maybe since this poll began.
                let error = this.control.poll_failure(cx);
                return this.end_with(error);
            }
            let event = match this.held_back.take() {
                Some(event) => Some(event),
                None => ready!(this.events.poll_recv(cx)),
            };
            let Some(event) = event else {
                let error = this.control.poll_failure(cx);
                return this.end_with(error);
            };
            // A page waits for acks; the news that there are no more pages does not.
            if event.is_page() && this.in_flight.poll_below(this.max_in_flight, cx).is_pending() {
                this.held_back = Some(event);
                return Poll::Pending;
            }
            this.take_in(event);
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
