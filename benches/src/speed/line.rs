//! What came of a row.

use serde::Serialize;

use crate::comparison::Comparison;
use crate::speed::row::{Group, Row, Served};
use crate::spread::Spread;

/// What came of a row.
#[derive(Clone, Debug, Serialize)]
pub struct Line {
    /// What the row is called.
    pub row: String,
    /// The table that it stands in.
    pub group: Group,
    /// What answered.
    pub served: Served,
    /// How many shards a stream had.
    pub shards: usize,
    /// How long a message was, in bytes.
    pub size: usize,
    /// The most that Headwater's CPU may be of the bare loop's.
    pub goal: Option<f64>,
    /// What was measured.
    #[serde(flatten)]
    pub comparison: Comparison,
}

impl Line {
    /// Tells what came of a row.
    pub(super) fn new(row: &Row, comparison: Comparison) -> Self {
        Self {
            row: row.to_string(),
            group: row.group,
            served: row.served,
            shards: row.shards,
            size: row.size,
            goal: row.goal,
            comparison,
        }
    }

    /// Returns its ratio, and whether that is within its goal.
    pub fn verdict(&self) -> Option<(Spread, bool)> {
        let ratio = self.comparison.cpu_ratio?;
        Some((ratio, self.goal.is_none_or(|goal| ratio.median <= goal)))
    }
}
