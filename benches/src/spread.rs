//! A median, and how far the rounds lie apart.

use serde::{Deserialize, Serialize};

/// The median of some figures, with the least and the most of them.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Spread {
    /// The one in the middle; the mean of two where their number is even.
    pub median: f64,
    /// The least.
    pub least: f64,
    /// The most.
    pub most: f64,
}

impl Spread {
    /// Sums figures up; `None` where there are none.
    pub(crate) fn of(figures: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut figures: Vec<_> = figures.into_iter().collect();
        figures.sort_by(f64::total_cmp);
        let (least, most) = (*figures.first()?, *figures.last()?);
        let above = figures.len() / 2;
        let below = (figures.len() - 1) / 2;
        Some(Self { median: f64::midpoint(figures[below], figures[above]), least, most })
    }
}
