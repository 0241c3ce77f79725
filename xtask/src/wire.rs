//! The ways in which records can go over the wire, and what is tested on each.

use clap::ValueEnum;

use crate::step::Step;
use crate::workspace::FEATURES;

/// The variable that names the way where nothing else does, in tests and in the command.
const VARIABLE: &str = "HEADWATER_WIRE";

/// What is run again on the ways that are not the default: the tests whose promises ride on the wire. Of the whole
/// workspace, so that all of it is built already, the examples that the tests of the relay run too.
const RIDERS: [&str; 9] = [
    "--lib",
    "--test=relay",
    "--test=sink",
    "--test=source",
    "--test=interop",
    "--workspace",
    "--no-fail-fast",
    "--features",
    FEATURES,
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

    /// The step that runs what rides on the wire, this way.
    pub(crate) fn riders(self) -> Step {
        self.taken_by(Step::cargo().args(["test"]).args(RIDERS))
    }
}
