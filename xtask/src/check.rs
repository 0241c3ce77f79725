//! What needs no server and no run: the formatting, the lints and the docs.

use crate::step::{Error, Step};
use crate::tally::Tally;
use crate::workspace::FEATURES;

/// Runs all of them, even when an earlier one fails, and counts each as one.
#[expect(clippy::unnecessary_wraps, reason = "every task has the same shape")]
pub(crate) fn check() -> Result<Tally, Error> {
    let steps = [
        Step::cargo().args(["fmt", "--all", "--check"]).way_out("Run `cargo fmt --all`."),
        Step::cargo()
            .args([
                "clippy",
                "--workspace",
                "--all-targets",
                "--features",
                FEATURES,
                "--",
                "--deny",
                "warnings",
            ])
            .way_out("Mend what the lints name above."),
        Step::cargo()
            .args([
                "clippy",
                "--workspace",
                "--bin",
                "headwater",
                "--test",
                "cli",
                "--",
                "--deny",
                "warnings",
            ])
            .way_out("Mend what the lints name above, in the command without its features."),
        Step::cargo()
            .args(["doc", "--workspace", "--no-deps", "--features", FEATURES])
            .env("RUSTDOCFLAGS", "--deny warnings")
            .way_out("Mend the doc comments named above."),
    ];

    let mut tally = Tally::default();
    for step in steps {
        let outcome = step.run();
        tally += Tally::one(outcome.is_ok());
        if let Err(error) = outcome {
            eprintln!("error: {error}");
        }
    }
    Ok(tally)
}
