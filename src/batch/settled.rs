//! What the engine has settled since it last told.

use crate::batch::dead_letters::{Buried, DeadLetters};
use crate::batch::handles::epochs::EpochCounts;
use crate::batch::handles::receipt::Flown;
use crate::batch::lanes::accepted::Accepted;
use crate::batch::lanes::pool::{Place, Pool};
use crate::batch::response::Landing;
use crate::{Delivery, Error, Undelivered};

/// What the engine has settled since it last told.
#[derive(Default)]
pub(super) struct Settled {
    pub(super) stored: usize,
    /// Not delivered, wherever that was told.
    pub(super) failed: usize,
    /// Not delivered, and told so elsewhere than here.
    pub(super) told: usize,
    /// The bytes of what is stored or told.
    pub(super) bytes: usize,
    pub(super) epochs: EpochCounts,
    /// The memory of what is settled.
    pub(super) spare: Vec<Accepted>,
    pub(super) returned: Vec<Undelivered>,
    /// Told before, and handed back all the same, because the dead letters failed.
    pub(super) revived: Vec<Undelivered>,
    pub(super) fatal: Option<Error>,
    /// The engine ends.
    pub(super) over: bool,
}

impl Settled {
    pub(super) fn is_nothing(&self) -> bool {
        self.epochs.is_empty() && self.revived.is_empty() && !self.over
    }

    /// Acks a message that is stored, and forgets it where it lies.
    pub(super) fn confirm(
        &mut self,
        pool: &mut Pool,
        place: Place,
        landing: Landing<'_>,
        sub_sequence: Option<u64>,
        flown: Flown,
    ) {
        let Some(mut accepted) = pool.remove(place) else { return };
        self.stored += 1;
        self.bytes += accepted.bytes;
        self.epochs.count(accepted.epoch);
        let (ack, slip) = accepted.settle();
        self.spare.push(accepted);
        ack.ack();
        if let Some(slip) = slip {
            slip.deliver(landing.to_stored(), sub_sequence, flown);
        }
    }

    /// Hands back a message by the first outlet that it has. Tells whether that is another one than this.
    pub(super) fn hand_back(
        &mut self,
        mut accepted: Accepted,
        reason: &Error,
        delivery: Delivery,
        dead_letters: Option<&mut DeadLetters>,
    ) -> bool {
        let (bytes, epoch) = (accepted.bytes, accepted.epoch);
        let (message, slip) = accepted.take();
        self.spare.push(accepted);
        self.failed += 1;
        let undelivered = Undelivered::new(message, reason.restate(), delivery);
        let undelivered = match slip {
            Some(slip) => slip.hand_back(undelivered),
            None => Some(undelivered),
        };
        let Some(undelivered) = undelivered else {
            self.tell(bytes, epoch);
            return true;
        };
        let undelivered = match dead_letters {
            Some(dead_letters) => dead_letters.push(undelivered, epoch),
            None => Some(undelivered),
        };
        let told = undelivered.is_none();
        self.give_back(undelivered, epoch);
        told
    }

    /// Takes notice of what became of dead letters.
    pub(super) fn bury(&mut self, buried: Buried) {
        for (bytes, epoch) in buried.taken {
            self.tell(bytes, epoch);
        }
        for (undelivered, epoch) in buried.returned {
            match epoch {
                Some(epoch) => self.give_back(Some(undelivered), epoch),
                None => self.revived.push(undelivered),
            }
        }
    }

    fn tell(&mut self, bytes: usize, epoch: u64) {
        self.told += 1;
        self.bytes += bytes;
        self.epochs.count(epoch);
    }

    fn give_back(&mut self, undelivered: Option<Undelivered>, epoch: u64) {
        if let Some(undelivered) = undelivered {
            self.epochs.count(epoch);
            self.returned.push(undelivered);
        }
    }
}
