//! The ways in which records can go over the wire, and what is tested on each.

use clap::ValueEnum;

use crate::step::Step;

/// The variable that names the way where nothing else does, in tests and in the command.
const VARIABLE: &str = "HEADWATER_WIRE";

/// What is run again on the ways that are not the default: the tests whose promises ride on the wire.
const RIDERS: [&[&str]; 2] = [
    &["--package=headwater-kinesis", "--lib"],
    &[
        "--package=headwater-tests",
        "--test=relay",
        "--test=sink",
        "--test=source",
        "--test=interop",
        // What the tests of the relay run.
        "--package=headwater-examples",
        "--examples",
    ],
];

/// A way in which records go over the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Wire {
    /// JSON, written and read by Headwater: the default
    Json,
    /// CBOR
    Cbor,
    /// JSON, written and read by the AWS SDK
    Sdk,
}

impl Wire {
    /// Every way but the default.
    pub(crate) const OTHERS: [Self; 2] = [Self::Cbor, Self::Sdk];

    /// Has a step go this way.
    pub(crate) fn taken_by(self, step: Step) -> Step {
        let name = match self {
            // Where nothing is said, so that the default is what is tested.
            Self::Json => return step.without_env(VARIABLE),
            Self::Cbor => "cbor",
            Self::Sdk => "sdk",
        };
        step.env(VARIABLE, name).way_out(format!("Run it alone with {VARIABLE}={name} cargo test."))
    }

    /// The steps that run what rides on the wire, this way.
    pub(crate) fn riders(self) -> impl Iterator<Item = Step> {
        RIDERS
            .into_iter()
            .map(move |args| self.taken_by(Step::cargo().args(["test", "--no-fail-fast"]).args(args)))
    }
}
