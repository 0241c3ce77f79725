//! From figures to places.

use plotters::coord::ranged1d::Ranged;
use plotters::coord::types::RangedCoordf64;

/// How many figures stand on an even scale at most.
const TICKS: usize = 6;

/// From figures to places.
pub(super) enum Scale {
    /// From zero, in even steps.
    Even(RangedCoordf64),
    /// In steps that double, for ratios: half as much is as far from the same as twice as much.
    Doubling {
        /// The powers of two at its ends.
        from: i32,
        /// The last one.
        to: i32,
    },
}

impl Scale {
    /// From zero to the largest figure.
    pub(super) fn even(figures: impl Iterator<Item = f64>) -> Self {
        let most = figures.fold(f64::MIN_POSITIVE, f64::max);
        Self::Even(RangedCoordf64::from(0.0..most * 1.05))
    }

    /// From the smallest ratio to the largest, and from a half to two at least.
    pub(super) fn doubling(ratios: impl Iterator<Item = f64>) -> Self {
        let powers = ratios.map(f64::log2).filter(|power| power.is_finite());
        let (from, to) = powers
            .fold((-1, 1), |(from, to), power| (from.min(power.floor() as i32), to.max(power.ceil() as i32)));
        Self::Doubling { from, to }
    }

    /// Where a figure is between two ends.
    pub(super) fn place(&self, figure: f64, ends: (i32, i32)) -> i32 {
        match self {
            Self::Even(range) => range.map(&figure, ends),
            Self::Doubling { from, to } => {
                let power = figure.log2().clamp(f64::from(*from), f64::from(*to));
                RangedCoordf64::from(f64::from(*from)..f64::from(*to)).map(&power, ends)
            }
        }
    }

    /// The figures that stand on it.
    pub(super) fn ticks(&self) -> Vec<f64> {
        match self {
            Self::Even(range) => range.key_points(TICKS),
            Self::Doubling { from, to } => (*from..=*to).map(|power| 2_f64.powi(power)).collect(),
        }
    }

    /// The figure that all others are measured by.
    pub(super) fn origin(&self) -> f64 {
        match self {
            Self::Even(_) => 0.0,
            Self::Doubling { .. } => 1.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Scale;

    #[test]
    fn half_as_much_is_as_far_away_as_twice_as_much() {
        let scale = Scale::doubling([0.6, 3.0].into_iter());
        assert_eq!(scale.ticks(), [0.5, 1.0, 2.0, 4.0]);
        let places = [0.5, 1.0, 2.0, 4.0].map(|ratio| scale.place(ratio, (0, 300)));
        assert_eq!(places, [0, 100, 200, 300]);
    }

    #[test]
    fn an_even_scale_begins_at_zero_and_holds_every_figure() {
        let scale = Scale::even([3.0, 95.0].into_iter());
        assert_eq!(scale.place(0.0, (10, 110)), 10);
        assert!((95..=110).contains(&scale.place(95.0, (10, 110))));
    }
}
