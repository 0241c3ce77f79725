//! One byte budget over all shards of a source.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The budget is counted in KiB, because a semaphore counts in 32 bits.
const UNIT: usize = 1 << 10;

/// Bounds the bytes fetched and not yet handed out. A fetch reserves the largest page before it asks, so that pages
/// under way are counted too.
#[derive(Clone, Debug)]
pub(super) struct ByteBudget {
    units: Arc<Semaphore>,
    whole: u32,
}

/// The bytes of one page, returned to the budget when dropped.
#[derive(Debug)]
pub(super) struct Charge(OwnedSemaphorePermit);

impl ByteBudget {
    pub(super) fn new(bytes: usize) -> Self {
        let whole = bytes.div_ceil(UNIT).min(u32::MAX as usize >> 1) as u32;
        Self { units: Arc::new(Semaphore::new(whole as usize)), whole }
    }

    /// Waits until a page of `largest` bytes has room, and reserves it.
    pub(super) async fn reserve(&self, largest: usize) -> Charge {
        // A page larger than the whole budget still has to pass, alone.
        let units = largest.div_ceil(UNIT).min(self.whole as usize) as u32;
        let permit = Arc::clone(&self.units).acquire_many_owned(units).await;
        Charge(permit.expect("the budget is never closed"))
    }
}

impl Charge {
    /// Keeps what the page really takes and gives the rest back.
    pub(super) fn correct(mut self, bytes: usize) -> Self {
        let keep = bytes.div_ceil(UNIT).min(self.0.num_permits());
        match self.0.split(keep) {
            Some(kept) => Self(kept),
            None => self,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_page_is_charged_at_its_largest_until_it_has_arrived() {
        let budget = ByteBudget::new(20 * UNIT);
        let reserved = budget.reserve(15 * UNIT).await;
        assert_eq!(budget.units.available_permits(), 5);
        let kept = reserved.correct(3 * UNIT);
        assert_eq!(budget.units.available_permits(), 17);
        drop(kept);
        assert_eq!(budget.units.available_permits(), 20);
    }
}
