//! Notes on standard error.

use std::fmt;

use anstream::eprintln;
use anstyle::{AnsiColor, Style};

/// Tells what a person should know of an output that goes on without it.
pub(crate) fn note(what: impl fmt::Display) {
    let style = Style::new().bold().fg_color(Some(AnsiColor::Yellow.into()));
    eprintln!("{style}note:{style:#} {what}");
}
