//! The tables of a page of the docs, and its pictures.

use std::fs::{create_dir_all, read_to_string, write};
use std::path::Path;

use crate::outcome::{Outcome, during};
use crate::report::drawings;
use crate::speed::line::Line;
use crate::speed::row::Group;
use crate::speed::table::{LAPS, laps_table, table};

/// Writes pictures into a folder, which is made where it is not there.
///
/// # Errors
///
/// When a file could not be written: it names the file.
pub fn write_pictures(folder: &Path, lines: &[Line]) -> Outcome {
    create_dir_all(folder).map_err(during(format!("make {}", folder.display())))?;
    for (name, svg) in drawings(lines)? {
        let path = folder.join(name);
        write(&path, svg).map_err(during(format!("write {}", path.display())))?;
    }
    Ok(())
}

/// Puts tables into a page, each between its two comments: `<!-- budget -->` and `<!-- /budget -->`.
///
/// # Errors
///
/// When the page has no such place for a table that there are rows of, or cannot be written.
pub fn write_page(page: &Path, lines: &[Line]) -> Outcome {
    let during_page = || during(format!("write the tables of {}", page.display()));
    let mut text = read_to_string(page).map_err(during_page())?;
    for group in Group::ALL {
        let lines: Vec<_> = lines.iter().filter(|line| line.group == group).cloned().collect();
        if !lines.is_empty() {
            text = put(&text, group.name(), &all_tables(&lines))
                .ok_or_else(|| format!("{} has no place for {}", page.display(), group.name()))?;
        }
    }
    write(page, text).map_err(during_page())
}

/// Puts one table into a page, between the comments of its name.
///
/// # Errors
///
/// When the page has no such place, or cannot be written.
pub fn put_table(page: &Path, name: &str, table: &str) -> Outcome {
    let during_page = || during(format!("write the tables of {}", page.display()));
    let text = read_to_string(page).map_err(during_page())?;
    let text = put(&text, name, table);
    let text = text.ok_or_else(|| format!("{} has no place for {name}", page.display()))?;
    write(page, text).map_err(during_page())
}

/// Writes the table of some rows, and one for each that was looked at from time to time.
pub fn all_tables(lines: &[Line]) -> String {
    let mut text = table(lines);
    for line in lines.iter().filter(|line| !line.comparison.laps.is_empty()) {
        text.push('\n');
        text.push_str(&laps_table(&line.comparison, line.comparison.records.div_ceil(LAPS)));
    }
    text
}

/// Puts a text between two comments.
fn put(page: &str, name: &str, text: &str) -> Option<String> {
    let (opens, closes) = (format!("<!-- {name} -->"), format!("<!-- /{name} -->"));
    let (before, rest) = page.split_once(&opens)?;
    let (_, after) = rest.split_once(&closes)?;
    Some(format!("{before}{opens}\n\n{text}\n{closes}{after}"))
}

#[cfg(test)]
mod tests {
    use super::put;

    #[test]
    fn a_table_takes_the_place_of_the_one_before() {
        let page = "# Speed\n<!-- slow -->old<!-- /slow -->\n<!-- long --><!-- /long -->\n";
        let once = put(page, "slow", "| new |\n").unwrap();
        assert_eq!(
            once,
            "# Speed\n<!-- slow -->\n\n| new |\n\n<!-- /slow -->\n<!-- long --><!-- /long -->\n"
        );
        assert_eq!(put(&once, "slow", "| new |\n").unwrap(), once);
        assert_eq!(put(page, "budget", ""), None);
    }
}
