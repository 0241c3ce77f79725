//! What a record may cost: instructions and allocations, which do not depend on how busy the machine is.

use std::env;
use std::path::PathBuf;

use crate::setup;
use crate::step::{Error, Step};
use crate::tally::Tally;
use crate::workspace;

/// Names the valgrind to count with, where it is not to be installed.
const VARIABLE: &str = "HEADWATER_VALGRIND";

/// Counts what sending and reading a record needs, and fails where that is more than is allowed.
pub(crate) fn guard() -> Tally {
    if !cfg!(target_os = "linux") {
        println!("what a record needs is counted on Linux alone");
        return Tally::default();
    }
    let outcome = valgrind().and_then(|valgrind| counting(valgrind, &[]).run());
    if let Err(error) = &outcome {
        eprintln!("error: {error}");
    }
    Tally::one(outcome.is_ok())
}

/// Returns the program that counts instructions, which is installed where nothing names one.
pub(crate) fn valgrind() -> Result<PathBuf, Error> {
    match env::var_os(VARIABLE) {
        Some(valgrind) => Ok(valgrind.into()),
        None => setup::valgrind(VARIABLE),
    }
}

/// The step that counts.
pub(crate) fn counting(valgrind: PathBuf, args: &[&str]) -> Step {
    // Without what a debugger wants, which takes its time to build.
    let step = Step::cargo().args(["bench", "--profile", "release", "--package", "headwater-benches"]);
    let step = step.args(["--bench", "counted", "--", "--baseline"]).args([workspace::baseline()]);
    // Unpacked and not installed, it looks for its tools where they would be.
    let step = match valgrind.parent().and_then(|bin| Some(bin.parent()?.join("libexec").join("valgrind"))) {
        Some(tools) if tools.is_dir() => step.env("VALGRIND_LIB", tools),
        _ => step,
    };
    step.args(args).args(["--guard"]).args([valgrind]).way_out(
        "Let a record cost less again, or, where it costs more for a reason, take the new figures with `cargo xtask \
         bench --guard --save-baseline benches/baseline.json`.",
    )
}
