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
    largest_page: u32,
}

/// The bytes of one page, returned to the budget when dropped.
#[derive(Debug)]
pub(super) struct Charge(OwnedSemaphorePermit);

impl ByteBudget {
    pub(super) fn new(bytes: usize, largest_page: usize) -> Self {
        let units = bytes.div_ceil(UNIT).min(u32::MAX as usize >> 1);
        // A page larger than the whole budget still has to pass, alone.
        let largest_page = largest_page.div_ceil(UNIT).min(units) as u32;
        Self { units: Arc::new(Semaphore::new(units)), largest_page }
    }

    /// Waits until the largest page has room, and reserves it.
    pub(super) async fn reserve(&self) -> Charge {
        let permit = Arc::clone(&self.units).acquire_many_owned(self.largest_page).await;
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
        let budget = ByteBudget::new(20 * UNIT, 15 * UNIT);
        let reserved = budget.reserve().await;
        assert_eq!(budget.units.available_permits(), 5);
        let kept = reserved.correct(3 * UNIT);
        assert_eq!(budget.units.available_permits(), 17);
        drop(kept);
        assert_eq!(budget.units.available_permits(), 20);
    }
}
