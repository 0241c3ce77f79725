//! What is told on standard error.

use std::io::IsTerminal as _;

use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer as _, fmt};

use crate::failure::Failure;
use crate::seeing::{Recent, otlp};

/// Begins to log, at the level of so many `-v`; `RUST_LOG` overrides it. What was told of late is kept in `recent`,
/// whatever the level is.
pub(crate) fn start(verbose: u8, recent: &Recent) -> Result<(), Failure> {
    let default = match verbose {
        0 => "warn",
        1 => "warn,headwater=info",
        2 => "info,headwater=debug",
        _ => "trace",
    };
    let filter = match std::env::var("RUST_LOG") {
        Ok(wanted) if !wanted.is_empty() => EnvFilter::try_new(&wanted).map_err(|error| {
            Failure::usage(format!(
                "RUST_LOG = \"{wanted}\": {error}; a level such as info, or headwater=debug, is right"
            ))
        })?,
        _ => EnvFilter::new(default),
    };
    let colours = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let lines = fmt::layer().with_writer(std::io::stderr).with_ansi(colours).with_filter(filter);
    tracing_subscriber::registry().with(otlp::layer()).with(lines).with(recent.layer()).init();
    Ok(())
}
