//! Lines as tables in Markdown, which a terminal shows as well.

use std::fmt::Write;

use crate::comparison::{Comparison, Figures};
use crate::report::grouped;
use crate::speed::line::Line;
use crate::spread::Spread;

const HEAD: [&str; 9] = [
    "row",
    "records/s",
    "CPU µs",
    "bare loop, µs",
    "CPU ratio",
    "goal",
    "allocations a record",
    "bare loop's",
    "memory, MiB",
];

/// How many rows the table of a long run has.
pub(super) const LAPS: usize = 10;

/// Writes the table of some rows.
pub(super) fn table(lines: &[Line]) -> String {
    let rows: Vec<_> = lines.iter().map(|line| cells(line).to_vec()).collect();
    markdown(&HEAD.map(str::to_owned), &rows)
}

/// Writes the table of a long run, so many messages a row.
pub(super) fn laps_table(comparison: &Comparison, every: usize) -> String {
    let mut rows = Vec::new();
    let mut before = (0, 0.0, 0.0);
    for lap in comparison.laps.iter().filter(|lap| lap.messages % every == 0) {
        let (messages, cpu) = (lap.messages - before.0, lap.cost.cpu_seconds - before.1);
        let wall = lap.cost.wall_seconds - before.2;
        rows.push(vec![
            grouped(lap.messages as u64),
            format!("{:.3}", cpu * 1e6 / messages as f64),
            grouped((messages as f64 / wall) as u64),
            lap.resident.map_or_else(String::new, |bytes| mebibytes(bytes as f64)),
        ]);
        before = (lap.messages, lap.cost.cpu_seconds, lap.cost.wall_seconds);
    }
    markdown(&["messages", "CPU µs a record", "records/s", "memory, MiB"].map(str::to_owned), &rows)
}

fn cells(line: &Line) -> [String; HEAD.len()] {
    let (mine, theirs) = (line.comparison.headwater, line.comparison.sdk);
    let cpu = |figures: Figures| spread(figures.cpu_micros_per_record);
    let heap = |figures: Figures| Some(format!("{:.2}", figures.allocations_per_record?.median));
    let goal = match (line.goal, line.verdict()) {
        (Some(goal), Some((_, met))) => format!("≤ {goal:.2} {}", if met { "met" } else { "**missed**" }),
        _ => String::new(),
    };
    [
        line.row.clone(),
        mine.map_or_else(String::new, |mine| grouped(mine.records_per_second.median as u64)),
        mine.map_or_else(String::new, cpu),
        theirs.map_or_else(String::new, cpu),
        line.comparison.cpu_ratio.map_or_else(String::new, spread),
        goal,
        mine.and_then(heap).unwrap_or_default(),
        theirs.and_then(heap).unwrap_or_default(),
        mine.and_then(|mine| Some(mebibytes(mine.peak_bytes?.most))).unwrap_or_default(),
    ]
}

fn spread(spread: Spread) -> String {
    format!("{:.2} ({:.2} to {:.2})", spread.median, spread.least, spread.most)
}

fn mebibytes(bytes: f64) -> String {
    format!("{:.0}", bytes / f64::from(1 << 20))
}

/// Writes a table, its columns as wide as what is in them.
pub(crate) fn markdown(head: &[String], rows: &[Vec<String>]) -> String {
    let width = |column: usize| {
        let cells = rows.iter().map(|row| row[column].chars().count());
        cells.chain([head[column].chars().count()]).max().unwrap_or(0)
    };
    let widths: Vec<_> = (0..head.len()).map(width).collect();
    let line = |cells: &[String]| {
        let mut line = String::from("|");
        for (cell, &width) in cells.iter().zip(&widths) {
            // Writing to a string cannot fail.
            let _ = write!(line, " {cell:<width$} |");
        }
        line + "\n"
    };
    let rule: Vec<_> = widths.iter().map(|&width| "-".repeat(width)).collect();
    let rows: String = rows.iter().map(|row| line(row)).collect();
    line(head) + &line(&rule) + &rows
}
