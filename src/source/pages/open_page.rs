//! The page that messages are taken from, and what waits for its turn.

use std::sync::Arc;
use std::vec;

use bytes::Bytes;

use crate::ack::Acks;
use crate::places::Places;
use crate::source::Record;
use crate::source::pages::event::{Event, Fetched, News};
use crate::source::pages::reading::{Behind, Reading};
use crate::{Ack, Message, Origin};

/// How many messages may be handed out before the clock is looked at again.
const UNWATCHED: usize = 4;

/// A page whose messages are being handed out.
pub(in crate::source) struct OpenPage {
    pub(in crate::source) reading: Arc<Reading>,
    records: vec::IntoIter<Record>,
    /// The block that the next message is in, and those that follow it.
    block: Option<Block>,
    blocks: vec::IntoIter<Block>,
    behind: Behind,
    /// Whether the tip of the back-fill is right behind it.
    pub(in crate::source) is_before_tip: bool,
}

/// Some messages of a page that are next to each other.
type Block = (Arc<Places>, Acks);

impl OpenPage {
    pub(in crate::source) fn open(reading: Arc<Reading>, fetched: Fetched, is_before_tip: bool) -> Self {
        let places = Places::of(&reading.origin, &fetched.records);
        let acks = reading.tracker.open_places(&places);
        let mut blocks = places.into_iter().zip(acks).collect::<Vec<_>>().into_iter();
        let (block, records) = (blocks.next(), fetched.records.into_iter());
        Self { reading, records, block, blocks, behind: fetched.behind, is_before_tip }
    }

    /// Tells whether its next message may be handed out now. The clock is looked at now and then only: it costs as much as
    /// the rest of handing out.
    pub(in crate::source) fn may_go_out(&self) -> bool {
        self.reading.is_free()
            && (!self.records.len().is_multiple_of(UNWATCHED) || self.reading.tenure.is_sure())
    }

    /// Returns the next message.
    pub(in crate::source) fn next(&mut self) -> Option<Message<Bytes>> {
        let record = self.records.next()?;
        if self.records.len() == 0 {
            self.reading.handed_out(self.behind);
        }
        let (origin, ack) = self.next_place()?;
        Some(Message::from_parts(record.payload, record.key, record.headers, Some(origin), ack))
    }

    fn next_place(&mut self) -> Option<(Origin, Ack)> {
        loop {
            let (places, acks) = self.block.as_mut()?;
            let index = acks.handed_out();
            if let Some(ack) = acks.next() {
                return Some((Origin::of(places, index), ack));
            }
            self.block = self.blocks.next();
        }
    }

    /// Goes on with what was put aside.
    pub(in crate::source) fn take_up(self) -> Self {
        self.reading.tracker.take_up(self.records.len());
        self
    }

    /// Takes back what was not handed out.
    pub(in crate::source) fn retract(self) {
        self.block.into_iter().chain(self.blocks).for_each(|(_, acks)| acks.retract());
    }
}

/// What waits for its turn.
pub(in crate::source) enum Aside {
    /// A page that was handed out in part.
    Open(OpenPage),
    /// What was not looked at yet.
    Event(Event),
}

impl Aside {
    /// Puts a page aside. What is left of it is not out meanwhile: nobody could ack it.
    pub(in crate::source) fn open(page: OpenPage) -> Self {
        page.reading.tracker.set_aside(page.records.len());
        Self::Open(page)
    }

    pub(in crate::source) fn reading(&self) -> &Arc<Reading> {
        match self {
            Self::Open(page) => &page.reading,
            Self::Event(event) => &event.reading,
        }
    }

    /// Tells whether it has messages that are not counted as out yet.
    pub(in crate::source) fn is_page(&self) -> bool {
        match self {
            Self::Open(page) => page.records.len() > 0,
            Self::Event(event) => matches!(event.news, News::Page(_)),
        }
    }

    /// Takes back what was not handed out.
    pub(in crate::source) fn retract(self) {
        if let Self::Open(page) = self {
            page.take_up().retract();
        }
    }
}
