//! How it went, in one line.

use std::fmt;
use std::io::IsTerminal as _;
use std::time::Duration;

use anstream::eprintln;

use crate::context::Context;
use crate::counted::counted;

/// Tells how many messages went where, and how fast: to a person at a terminal, and to who asked for more by `-v`.
pub(crate) fn summary(context: &Context, did: &str, messages: u64, way: impl fmt::Display, took: Duration) {
    if context.globals.verbose > 0 || std::io::stderr().is_terminal() {
        let seconds = took.as_secs_f64();
        let rate = messages as f64 / seconds;
        let messages = counted(messages, "message");
        eprintln!("{did} {messages} {way} in {seconds:.1} s, {rate:.0} a second");
    }
}
