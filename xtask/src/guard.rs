//! What a record may cost: instructions and allocations, which do not depend on how busy the machine is.

use std::env;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use crate::setup;
use crate::step::{Error, Step};
use crate::tally::Tally;
use crate::workspace;

/// What counts, built without what a debugger wants, which takes its time.
const BENCH: [&str; 7] =
    ["bench", "--profile", "release", "--package", "headwater-benches", "--bench", "counted"];

/// Names the valgrind to count with, where it is not to be installed.
const VARIABLE: &str = "HEADWATER_VALGRIND";

/// A build of what counts, which goes on while tests wait for their servers and uses what they leave of the cores.
pub(crate) struct Building(Option<Child>);

impl Building {
    /// Begins. What goes wrong is told by [`guard`], which builds what is left.
    pub(crate) fn begin() -> Self {
        if !cfg!(target_os = "linux") {
            return Self(None);
        }
        let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut command = Command::new("nice");
        command.args(["-n", "19"]).arg(cargo).args(BENCH).arg("--no-run").current_dir(workspace::root());
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        Self(command.spawn().ok())
    }

    /// Waits for its end.
    fn end(self) {
        if let Some(mut child) = self.0 {
            // What it leaves to be built is built next.
            let _ = child.wait();
        }
    }
}

/// Counts what sending and reading a record needs, and fails where that is more than is allowed.
pub(crate) fn guard(building: Building) -> Tally {
    building.end();
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
    let step = Step::cargo().args(BENCH).args(["--", "--baseline"]).args([workspace::baseline()]);
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
