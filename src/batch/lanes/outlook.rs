//! What the lanes could send next.

use tokio::time::Instant;

use crate::batch::lanes::backlog::Backlog;
use crate::batch::lanes::pack::Room;
use crate::batch::lanes::queue::Patience;

/// What the lanes could send next.
#[derive(Clone, Copy, Default)]
pub(in crate::batch) struct Outlook {
    /// How many full entries may go, and their bytes.
    pub(in crate::batch) records: usize,
    pub(in crate::batch) bytes: usize,
    /// When the first entry may go that has lingered enough; `None` while none may go before an answer comes.
    pub(in crate::batch) due: Option<Instant>,
}

impl Outlook {
    /// Tells whether a request is full, or must not wait until it is, and may go.
    pub(in crate::batch) fn is_worth_a_request(&self, room: Room, now: Instant) -> bool {
        let is_full = self.records >= room.records || self.bytes >= room.bytes;
        self.due.is_some_and(|due| is_full || due <= now)
    }

    /// Tells whether something is due by then.
    pub(in crate::batch) fn is_due(&self, then: Instant) -> bool {
        self.due.is_some_and(|due| due <= then)
    }
}

impl Backlog {
    /// Looks over the lanes, until there is enough for a request that goes now.
    pub(in crate::batch) fn outlook(&mut self, patience: Patience, room: Room) -> Outlook {
        let (size, window, now) = (self.framer.size(), self.window(), patience.now);
        let (records, bytes) = self.loose.sendable(size);
        let loose = self.loose.since().map(|since| patience.end(since));
        let mut outlook = Outlook { records, bytes, due: None };
        for id in self.map.open() {
            let lane = &mut self.lanes[id.0 as usize];
            let since = lane.queue.since().map(|since| patience.end(since));
            // A message without a key may go by any lane.
            let Some(from) = [since, loose].into_iter().flatten().min() else { continue };
            let Some(next) = lane.next(from, now, window) else { continue };
            outlook.due = Some(outlook.due.map_or(next, |due| due.min(next)));
            let full = lane.queue.sendable(size);
            if full.0 > 0 {
                let allowed = lane.allowance(now, window, None);
                outlook.records += full.0.min(allowed.0);
                outlook.bytes += full.1.min(allowed.1);
            }
            if outlook.is_worth_a_request(room, now) {
                break;
            }
        }
        outlook
    }
}
