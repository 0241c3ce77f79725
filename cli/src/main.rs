//! The `headwater` command: Kinesis streams from a shell, on the engine of the library.
//!
//! ```text
//!   argv ─┐
//!   env  ─┼─► Cli ──► Context (connection, signals, what is seen) ──► commands/NAME ──► Exit
//!   TOML ─┘                                                              │
//!                                  stdout: data alone · stderr: progress, logs, errors
//! ```

mod args;
mod begin;
mod codec;
mod commands;
mod config;
mod connection;
mod context;
mod count;
mod counted;
mod create;
mod duration;
mod exit;
mod failure;
mod globals;
mod json;
mod keys;
mod layout;
mod letters;
mod line;
mod logging;
mod note;
mod order;
mod place;
mod portion;
mod progress;
mod refused;
mod rfc3339;
mod seeing;
mod stdout;
mod stop;
mod stores;
mod stream_api;
mod summary;
mod table;
mod until;

use std::process::ExitCode;

use tokio::runtime::Builder;

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;

fn main() -> ExitCode {
    let cli = match config::parse(std::env::args_os()) {
        Ok(cli) => cli,
        Err(refused) => return refused.tell(),
    };
    match run(cli) {
        Ok(exit) => exit.code(),
        Err(failure) => failure.tell(),
    }
}

fn run(cli: args::Cli) -> Result<Exit, Failure> {
    // Two at least: a jq expression that never ends keeps one, and Ctrl-C must still be heard.
    let threads = std::thread::available_parallelism().map_or(2, |cores| cores.get().max(2));
    let runtime = Builder::new_multi_thread().worker_threads(threads).enable_all().build();
    let runtime = runtime.map_err(Failure::io("start"))?;
    let exit = runtime.block_on(async {
        let context = Context::new(cli.globals)?;
        let exit = commands::run(cli.command, context).await;
        seeing::otlp::finish().await;
        exit
    });
    // A read of the terminal that nobody waits for any more must not hold up the end.
    runtime.shutdown_background();
    exit
}
