//! What came of a row.

use serde::{Deserialize, Serialize};
use serde_json::Value;

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

    /// Takes how often memory was allocated on both sides from the same row of another run, as its JSON has it.
    pub fn take_allocations(&mut self, counted: &Value) {
        let Comparison { sdk, headwater, .. } = &mut self.comparison;
        for (figures, side) in [(sdk, "sdk"), (headwater, "headwater")] {
            if let Some(figures) = figures {
                let each = &counted[side]["allocations_per_record"];
                figures.allocations_per_record = Spread::deserialize(each).ok();
            }
        }
    }

    /// Returns its ratio, and whether that is within its goal.
    pub fn verdict(&self) -> Option<(Spread, bool)> {
        let ratio = self.comparison.cpu_ratio?;
        Some((ratio, self.goal.is_none_or(|goal| ratio.median <= goal)))
    }
}
