//! The figures of an earlier time.

use std::collections::BTreeMap;
use std::fs::{read_to_string, write};
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::guard::Found;
use crate::outcome::{Outcome, during};
use crate::speed::Line;

/// The figures of an earlier time, as a file keeps them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Baseline {
    /// What the guarded jobs needed: limits of what they may need now.
    pub guards: Vec<Found>,
    /// Headwater's CPU over the bare loop's, by the name of the row: to compare with, not to fail by.
    pub ratios: BTreeMap<String, f64>,
}

impl Baseline {
    /// Reads the figures; there are none where there is no file.
    ///
    /// # Errors
    ///
    /// When the file cannot be read.
    pub fn read(path: &Path) -> Outcome<Self> {
        if !path.exists() {
            return Ok(Self::default());
        }
        let file = read_to_string(path).map_err(during(format!("read {}", path.display())))?;
        serde_json::from_str(&file).map_err(during(format!("read {}", path.display())))
    }

    /// Writes the figures.
    ///
    /// # Errors
    ///
    /// When the file cannot be written.
    pub fn write(&self, path: &Path) -> Outcome {
        let file = serde_json::to_string_pretty(self)? + "\n";
        write(path, file).map_err(during(format!("write {}", path.display())))
    }

    /// Takes the ratios of some rows.
    pub fn take(&mut self, lines: &[Line]) {
        let ratios = lines.iter().filter_map(|line| Some((line.row.clone(), line.verdict()?.0.median)));
        self.ratios.extend(ratios.map(|(row, ratio)| (row, (ratio * 1e3).round() / 1e3)));
    }

    /// Tells how the ratios of some rows changed.
    pub fn compared(&self, lines: &[Line]) -> String {
        let changes = lines.iter().filter_map(|line| {
            let (now, before) = (line.verdict()?.0.median, self.ratios.get(&line.row)?);
            let change = (now / before - 1.0) * 100.0;
            Some(format!("{:<40} {before:.3} → {now:.3}  {change:+.0} %\n", line.row))
        });
        changes.collect()
    }
}
