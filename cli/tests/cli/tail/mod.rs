//! `headwater tail`.

mod codecs;
mod ending;
mod printing;
mod range;

use headwater_tests::{Endpoint, TestStream};

use crate::support::{Done, Headwater};

/// Runs `headwater tail STREAM --from horizon --until tip` with more flags.
async fn all_of(endpoint: &Endpoint, stream: &TestStream, flags: &[&str]) -> Done {
    let args = ["tail", stream.name(), "--from", "horizon", "--until", "tip"];
    Headwater::at(endpoint, args.iter().chain(flags)).run().await
}
