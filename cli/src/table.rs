//! Tables on standard output.

use std::io::{self, Write};

use anstream::{AutoStream, ColorChoice};
use anstyle::Style;
use comfy_table::presets::NOTHING;
use comfy_table::{CellAlignment, ContentArrangement};

/// The space between two columns.
const GAP: u16 = 2;

/// Aligned columns under a header, without borders, so that `awk` and `cut` read them too.
#[derive(Debug)]
pub(crate) struct Table {
    table: comfy_table::Table,
}

impl Table {
    /// Begins a table with the names of its columns.
    pub(crate) fn new<const COLUMNS: usize>(header: [&str; COLUMNS]) -> Self {
        let mut table = comfy_table::Table::new();
        // A row is a line however wide the terminal is.
        table.load_style(NOTHING).set_content_arrangement(ContentArrangement::Disabled).set_header(header);
        for column in table.column_iter_mut() {
            column.set_padding((0, GAP));
        }
        Self { table }
    }

    /// Aligns a column of numbers to the right.
    pub(crate) fn numbers(mut self, column: usize) -> Self {
        if let Some(column) = self.table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
        self
    }

    /// Adds a row.
    pub(crate) fn row<const COLUMNS: usize>(&mut self, cells: [String; COLUMNS]) {
        self.table.add_row(cells);
    }

    /// Writes it. On a terminal that has colours the header is bold.
    pub(crate) fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let bold = match AutoStream::choice(&io::stdout()) {
            ColorChoice::Never => Style::new(),
            _ => Style::new().bold(),
        };
        let mut lines = self.table.lines();
        if let Some(header) = lines.next() {
            writeln!(out, "{bold}{}{bold:#}", header.trim_end())?;
        }
        lines.try_for_each(|line| writeln!(out, "{}", line.trim_end()))
    }
}

#[cfg(test)]
mod tests {
    use super::Table;

    #[test]
    fn columns_are_aligned_and_lines_end_with_their_last_word() {
        let mut table = Table::new(["STREAM", "SHARDS", "MODE"]).numbers(1);
        table.row(["orders".to_owned(), "12".to_owned(), "ON_DEMAND".to_owned()]);
        table.row(["o".to_owned(), "4".to_owned(), String::new()]);
        let mut written = Vec::new();
        table.write(&mut written).unwrap();
        assert_eq!(
            String::from_utf8(written).unwrap(),
            "STREAM  SHARDS  MODE\norders      12  ON_DEMAND\no            4\n"
        );
    }
}
