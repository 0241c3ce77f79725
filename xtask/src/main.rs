//! Set-up and checks: everything that a contributor or CI runs goes through here.
//!
//! Only the standard library and clap, so that it builds in seconds on a fresh machine, and no shell scripts, so
//! that it does the same on every system.

mod bench;
mod check;
mod examples;
mod guard;
mod setup;
mod soak;
mod standalone;
mod step;
mod tally;
mod test;
mod wire;
mod workspace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::tally::Tally;

/// Set-up and checks for Headwater.
#[derive(Parser)]
#[command(name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Installs the servers and Python packages that the tests use, under `target/servers`
    Setup,
    /// Checks the formatting, the lints and the docs; a warning is an error
    Check,
    /// Sets up, then runs every unit, integration and doc test and every example
    Test(test::Test),
    /// Runs the randomised tests over many more seeds than CI does
    Soak(soak::Soak),
    /// Measures what a record costs, beside the bare SDK
    Bench(bench::Bench),
    /// Builds the command as one static file, and checks that it is one and starts
    Static,
}

fn main() -> ExitCode {
    let tally = match Cli::parse().task {
        Task::Setup => return exit_code(setup::setup().map(|()| true)),
        Task::Bench(bench) => return exit_code(bench.run().map(|()| true)),
        Task::Static => return exit_code(standalone::standalone().map(|()| true)),
        Task::Check => check::check(),
        Task::Test(test) => setup::setup().and_then(|()| test.run()),
        Task::Soak(soak) => setup::setup().and_then(|()| soak.run()),
    };
    exit_code(tally.map(Tally::report))
}

/// Failed counts and failed steps both end the process with an error, the latter after saying what to do.
fn exit_code(outcome: Result<bool, step::Error>) -> ExitCode {
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
