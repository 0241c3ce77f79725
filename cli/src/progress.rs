//! Progress on standard error, where a person looks at it.

use std::fmt;
use std::io::IsTerminal as _;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

/// A bar over so many messages, or a count where nobody knows how many. Shows nothing unless standard error is a
/// terminal.
pub(crate) fn progress(what: &'static str, total: Option<u64>) -> ProgressBar {
    let target = if std::io::stderr().is_terminal() {
        ProgressDrawTarget::stderr()
    } else {
        ProgressDrawTarget::hidden()
    };
    let template = match total {
        Some(_) => "{msg} {bar:30} {human_pos}/{human_len} {rate} {eta}",
        None => "{msg} {spinner} {human_pos} {rate} {elapsed}",
    };
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    let style = style.with_key("rate", |state: &ProgressState, out: &mut dyn fmt::Write| {
        // What cannot be drawn is drawn with the next message.
        let _ = write!(out, "{:.0}/s", state.per_sec());
    });
    ProgressBar::with_draw_target(total, target).with_style(style).with_message(what)
}
