//! Fills a request from the lanes, in turns.

use tokio::time::Instant;

use crate::ShardId;
use crate::batch::lanes::backlog::Backlog;
use crate::batch::lanes::framer::Framer;
use crate::batch::lanes::map::LaneId;
use crate::batch::lanes::queue::Patience;
use crate::batch::lanes::unsettled::{ChainId, Unsettled, Waiting};
use crate::batch::{Allowance, Entry, LaneLimit};

/// The least that a lane gets of a request at a time. What a request does for a lane that it goes by costs as much for one
/// entry as for all of them, so one of many lanes goes by some of them, and the next one by others.
const LEAST_PART: usize = 16;

/// How many entries are sealed together: few enough to be near still, and as many as a framing may do side by side.
const SEALED_TOGETHER: usize = 8;

/// What a request has room for.
#[derive(Clone, Copy)]
pub(in crate::batch) struct Room {
    pub(in crate::batch) records: usize,
    pub(in crate::batch) bytes: usize,
}

impl Room {
    /// For more than there ever is.
    pub(in crate::batch) const ENDLESS: Self = Self { records: usize::MAX, bytes: usize::MAX };
}

/// What goes into a request.
#[derive(Default)]
pub(in crate::batch) struct Packed {
    pub(in crate::batch) entries: Vec<Entry>,
    /// What the sink knows of each entry, in order.
    pub(in crate::batch) unsettled: Vec<Unsettled>,
    /// The lanes that its entries go by, each once.
    pub(in crate::batch) lanes: Vec<LaneId>,
    /// Which of its entries are not sealed yet.
    unsealed: Vec<usize>,
    bytes: usize,
    /// Its number, by which a lane knows that it is in `lanes`.
    number: u64,
}

impl Packed {
    /// Begins a request, of about as many entries as the one before.
    fn begin(&mut self, number: u64, entries: usize) {
        self.entries.reserve(entries);
        self.unsettled.reserve(entries);
        (self.bytes, self.number) = (0, number);
    }

    #[inline]
    pub(in crate::batch) fn add(&mut self, entry: Entry, unsettled: Unsettled) {
        self.entries.push(entry);
        self.unsettled.push(unsettled);
    }

    /// Adds an entry that may lack its seal.
    #[inline]
    pub(in crate::batch) fn add_framed(&mut self, entry: Entry, unsettled: Unsettled, sealed: bool) {
        if !sealed {
            self.unsealed.push(self.entries.len());
        }
        self.add(entry, unsettled);
    }

    /// Has the entries sealed that are not.
    fn seal(&mut self, framer: &Framer) {
        let Some(&first) = self.unsealed.first() else { return };
        let mut unsealed = self.unsealed.drain(..).peekable();
        let since = self.entries.iter_mut().enumerate().skip(first);
        framer.seal(since.filter_map(|(nth, entry)| unsealed.next_if_eq(&nth).map(|_| entry)));
    }
}

/// Whose turn it is.
#[derive(Clone, Copy)]
pub(in crate::batch) enum Turn {
    Lane(LaneId),
    /// The messages without a key.
    Loose,
}

impl Backlog {
    /// Fills a request. Lanes take turns, and none gets more than its part of the room before the others had theirs.
    /// `packed` is empty, and the caller's, so that a panic loses no entry. Tells whether there is anything in it.
    pub(in crate::batch) fn pack(&mut self, patience: Patience, room: Room, packed: &mut Packed) -> bool {
        self.requests += 1;
        packed.begin(self.requests, room.records.min(self.packed));
        let turns = self.turns();
        let busy = (0..turns).filter(|turn| self.waits(*turn)).count();
        let part = room.records.div_ceil(busy.max(1)).max(LEAST_PART);
        let mut fruitless = 0;
        while fruitless < turns && packed.entries.len() < room.records {
            let before = packed.entries.len();
            let has_room = match self.turn_at(self.turn % turns) {
                Turn::Lane(id) => self.pack_lane(id, patience, room, part, packed),
                Turn::Loose => self.pack_loose(patience, room, part, packed),
            };
            // The next request begins with the next lane, or else one of large records would fill each alone.
            self.turn = (self.turn + 1) % turns;
            if !has_room {
                break;
            }
            fruitless = if packed.entries.len() > before { 0 } else { fruitless + 1 };
        }
        packed.seal(&self.framer);
        self.packed = packed.entries.len();
        self.packed > 0
    }

    /// Returns what the lanes that have something to send ask for of a limit that is shared.
    pub(in crate::batch) fn wants(&mut self, now: Instant) -> Vec<(LaneId, ShardId, LaneLimit, Allowance)> {
        let loose = !self.loose.is_empty();
        let Self { map, lanes, .. } = self;
        let wants = map.open().iter().filter_map(|id| {
            let lane = &mut lanes[id.0 as usize];
            if !loose && lane.queue.is_empty() {
                return None;
            }
            let (limit, wanted) = lane.limiter.as_mut()?.wants(now)?;
            Some((*id, map.range(*id).id.clone(), limit, wanted))
        });
        wants.collect()
    }

    /// Tells whether nothing waits.
    pub(in crate::batch) fn is_empty(&self) -> bool {
        self.loose.is_empty() && self.lanes.iter().all(|lane| lane.queue.is_empty())
    }

    /// Takes notice that a request is answered.
    pub(in crate::batch) fn land_flight(&mut self, lanes: &[LaneId], now: Instant) {
        for id in lanes {
            self.lane(*id).land_flight(now);
        }
    }

    /// Returns how many requests in flight may hold entries of one lane: one fewer than all, so that a shard that is
    /// slow to answer never holds up the others.
    pub(in crate::batch::lanes) fn window(&self) -> usize {
        let all = self.rules.max_in_flight;
        if self.map.open().len() > 1 { all.saturating_sub(1).max(1) } else { all }
    }

    fn turns(&self) -> usize {
        self.map.open().len() + usize::from(self.routing.is_some())
    }

    fn turn_at(&self, turn: usize) -> Turn {
        self.map.open().get(turn).map_or(Turn::Loose, |id| Turn::Lane(*id))
    }

    fn waits(&self, turn: usize) -> bool {
        match self.turn_at(turn) {
            Turn::Lane(id) => !self.lanes[id.0 as usize].queue.is_empty(),
            Turn::Loose => !self.loose.is_empty(),
        }
    }

    /// Packs what may go by a lane. Tells whether the request has room for more.
    fn pack_lane(
        &mut self,
        id: LaneId,
        patience: Patience,
        room: Room,
        part: usize,
        packed: &mut Packed,
    ) -> bool {
        let (window, packing) = (self.window(), Some(packed.number));
        let most = part.min(room.records - packed.entries.len());
        self.bring_near(Turn::Lane(id), most);
        for _ in 0..most {
            if self.lanes[id.0 as usize].queue.is_empty()
                || self.lane(id).allowance(patience.now, window, packing).0 == 0
            {
                return true;
            }
            if !self.next_of(id, patience, packed) {
                return true;
            }
            if !self.keep(patience.now, room, packed) {
                return false;
            }
        }
        true
    }

    /// Packs messages without a key, each entry by a lane that has room.
    fn pack_loose(&mut self, patience: Patience, room: Room, part: usize, packed: &mut Packed) -> bool {
        let (window, packing) = (self.window(), Some(packed.number));
        let first = fastrand::usize(0..self.map.open().len());
        let most = part.min(room.records - packed.entries.len());
        self.bring_near(Turn::Loose, most);
        for nth in first..first + most {
            if self.loose.is_empty() {
                return true;
            }
            let Some(id) = self.free_lane(nth, patience.now, window, packing) else { return true };
            if !self.next_loose(id, patience, packed) {
                return true;
            }
            if !self.keep(patience.now, room, packed) {
                return false;
            }
        }
        true
    }

    /// Has the memory of the messages that are packed next come near.
    fn bring_near(&self, turn: Turn, entries: usize) {
        let (chains, pool) = (&self.chains, &self.pool);
        match turn {
            Turn::Lane(id) => {
                let next = self.lanes[id.0 as usize].queue.next_full(entries);
                pool.bring_near(next.filter_map(|id| chains.queue(id).front()).map(|held| held.place));
            }
            Turn::Loose => {
                pool.bring_near(chains.queue(ChainId::LOOSE).iter().take(entries).map(|held| held.place));
            }
        }
    }

    /// Returns a lane that has room, the first from one on.
    fn free_lane(
        &mut self,
        first: usize,
        now: Instant,
        window: usize,
        packing: Option<u64>,
    ) -> Option<LaneId> {
        let Self { map, lanes, .. } = self;
        let open = map.open();
        let mut turns = (0..open.len()).map(|nth| open[(first + nth) % open.len()]);
        turns.find(|id| lanes[id.0 as usize].allowance(now, window, packing).0 > 0)
    }

    /// Keeps the entry that was added last to a request, or puts it back to the head of its lane where there is no room
    /// for it. Tells whether there was.
    fn keep(&mut self, now: Instant, room: Room, packed: &mut Packed) -> bool {
        let (Some(entry), Some(unsettled)) = (packed.entries.last(), packed.unsettled.last_mut()) else {
            return false;
        };
        let (bytes, id) = (entry.bytes(), unsettled.lane);
        // One entry alone always goes: a request limit below the record limit would hold it for ever.
        if packed.bytes + bytes > room.bytes && packed.entries.len() > 1 {
            packed.seal(&self.framer);
            if let (Some(entry), Some(unsettled)) = (packed.entries.pop(), packed.unsettled.pop()) {
                self.lane(id).queue.unpop(Waiting { entry, unsettled });
            }
            return false;
        }
        unsettled.attempts += 1;
        if unsettled.first_attempt.is_none() {
            unsettled.first_attempt = Some(now);
            unsettled.queued = now.saturating_duration_since(unsettled.since);
        }
        packed.bytes += bytes;
        let lane = self.lane(id);
        lane.take(bytes);
        if std::mem::replace(&mut lane.request, packed.number) != packed.number {
            lane.flights += 1;
            packed.lanes.push(id);
        }
        if packed.unsealed.len() >= SEALED_TOGETHER {
            packed.seal(&self.framer);
        }
        true
    }
}
