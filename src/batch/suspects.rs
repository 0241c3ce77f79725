//! Entries that landed where nobody expected them.

use crate::batch::Entry;
use crate::batch::handles::receipt::Flown;
use crate::batch::lanes::unsettled::Unsettled;
use crate::batch::response::Stored;

/// How many listings a landing shard may be missing from before its entry is put again.
pub(super) const LOOKS: u32 = 3;

/// Entries of several messages that landed on another shard than was predicted. None of their messages is settled
/// until a listing that is newer than the landing says whether the shard holds them all.
#[derive(Default)]
pub(super) struct Suspects(Vec<Suspect>);

/// One such entry.
pub(super) struct Suspect {
    pub(super) entry: Entry,
    pub(super) unsettled: Unsettled,
    pub(super) stored: Stored,
    pub(super) flown: Flown,
    /// The first listing that is newer.
    pub(super) listing: u64,
    /// How many listings did not have the shard.
    pub(super) looks: u32,
}

impl Suspects {
    pub(super) fn push(&mut self, suspect: Suspect) {
        self.0.push(suspect);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes those out that a listing can judge.
    pub(super) fn take(&mut self, listing: u64) -> Vec<Suspect> {
        self.0.extract_if(.., |suspect| suspect.listing <= listing).collect()
    }

    /// Takes all out.
    pub(super) fn drain(&mut self) -> impl Iterator<Item = Suspect> {
        self.0.drain(..)
    }
}
