//! The examples, each of which must run to its end on the embedded endpoint.

use std::time::Duration;

use crate::step::{Error, Step};
use crate::tally::Tally;
use crate::workspace::FEATURES;

/// The name of each example, and the arguments that keep its run short.
const EXAMPLES: &[(&str, &[&str])] = &[
    ("relay", &["--records", "2000"]),
    ("produce", &[]),
    ("producer", &[]),
    ("consume", &[]),
    ("processors", &[]),
    ("custom_layer", &[]),
    ("fanout", &[]),
    ("fleet", &[]),
    ("serve", &["--port", "0", "--seconds", "0"]),
];

/// How long one example may run: each takes seconds, and one that hangs must not take CI's whole time.
const TIME_LIMIT: Duration = Duration::from_mins(2);

/// Runs each by itself, from what the tests have built already; an example that fails to build counts as failed.
pub(crate) fn examples() -> Tally {
    let mut tally = Tally::default();
    for (name, args) in EXAMPLES {
        let outcome = example(name, args);
        tally += Tally::one(outcome.is_ok());
        if let Err(error) = outcome {
            eprintln!("error: {error}");
        }
    }
    tally
}

fn example(name: &str, args: &[&str]) -> Result<(), Error> {
    Step::cargo()
        .args(["run", "--quiet", "--features", FEATURES, "--example", name, "--"])
        .args(args)
        // With these set they would go to another endpoint.
        .without_env("AWS_ENDPOINT_URL")
        .without_env("AWS_ENDPOINT_URL_KINESIS")
        .time_limit(TIME_LIMIT)
        .way_out("An example must end by itself with success on the embedded endpoint.")
        .run()
}
