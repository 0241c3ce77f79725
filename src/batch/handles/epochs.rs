//! Which messages a flush waits for.

use std::collections::VecDeque;

/// Counts unsettled messages by when they came: a flush begins a new epoch, and waits for those before it. So it ends
/// although others go on sending.
#[derive(Default)]
pub(in crate::batch) struct Epochs {
    first: u64,
    /// How many are unsettled, from the epoch `first` on.
    unsettled: VecDeque<usize>,
}

/// Messages that were settled, by epoch, in order.
#[derive(Default)]
pub(in crate::batch) struct EpochCounts(Vec<(u64, usize)>);

impl EpochCounts {
    pub(in crate::batch) fn count(&mut self, epoch: u64) {
        // Almost always the one that was counted last.
        if let Some((last, count)) = self.0.last_mut()
            && *last == epoch
        {
            *count += 1;
            return;
        }
        match self.0.binary_search_by_key(&epoch, |(counted, _)| *counted) {
            Ok(place) => self.0[place].1 += 1,
            Err(place) => self.0.insert(place, (epoch, 1)),
        }
    }

    pub(in crate::batch) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Epochs {
    /// Counts a message that is accepted, and returns its epoch.
    pub(in crate::batch) fn enter(&mut self) -> u64 {
        match self.unsettled.back_mut() {
            Some(last) => *last += 1,
            None => self.unsettled.push_back(1),
        }
        self.first + self.unsettled.len() as u64 - 1
    }

    /// Begins a new epoch, and returns the last one before it.
    pub(in crate::batch) fn cut(&mut self) -> u64 {
        if self.unsettled.is_empty() {
            self.unsettled.push_back(0);
        }
        let last = self.first + self.unsettled.len() as u64 - 1;
        if self.unsettled.len() > 1 && self.unsettled.back() == Some(&0) {
            // Nothing came since the last one.
            return last - 1;
        }
        self.unsettled.push_back(0);
        self.trim();
        last
    }

    pub(in crate::batch) fn settle(&mut self, counts: &EpochCounts) {
        for (epoch, count) in &counts.0 {
            self.unsettled[(epoch - self.first) as usize] -= count;
        }
        self.trim();
    }

    /// Tells whether everything is settled up to an epoch.
    pub(in crate::batch) fn is_past(&self, epoch: u64) -> bool {
        self.first > epoch
    }

    fn trim(&mut self) {
        while self.unsettled.len() > 1 && self.unsettled.front() == Some(&0) {
            self.unsettled.pop_front();
            self.first += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flush_waits_for_what_came_before_it_and_not_for_what_came_after() {
        let mut epochs = Epochs::default();
        let settle = |epochs: &mut Epochs, settled: &[u64]| {
            let mut counts = EpochCounts::default();
            for epoch in settled {
                counts.count(*epoch);
            }
            epochs.settle(&counts);
        };
        let nothing = epochs.cut();
        assert!(epochs.is_past(nothing));
        let before = [epochs.enter(), epochs.enter()];
        let flush = epochs.cut();
        let after = epochs.enter();
        settle(&mut epochs, &[after, before[0]]);
        assert!(!epochs.is_past(flush));
        settle(&mut epochs, &[before[1]]);
        assert!(epochs.is_past(flush));
    }

    #[test]
    fn flushes_that_are_given_up_take_no_memory() {
        let mut epochs = Epochs::default();
        epochs.enter();
        let cuts: Vec<_> = (0..100).map(|_| epochs.cut()).collect();
        assert_eq!((cuts[0], cuts[99], epochs.unsettled.len()), (0, 0, 2));
        assert_eq!(epochs.enter(), 1);
        assert_eq!(epochs.cut(), 1);
    }
}
