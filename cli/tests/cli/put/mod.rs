//! `headwater put`.

mod codecs;
mod failing;
mod flags;
mod keys;
mod lines;
mod servers;

use std::fmt::Write as _;
use std::ops::RangeInclusive;

use headwater_local::{LocalKinesis, Server};

use crate::support::Headwater;

/// An endpoint of the test's own, with a stream `s`.
async fn endpoint(shards: usize) -> Server {
    LocalKinesis::builder().stream("s", shards).serve().await.expect("it serves")
}

/// Begins `headwater put s ARGS` there.
fn put<const ARGS: usize>(endpoint: &Server, args: [&str; ARGS]) -> Headwater {
    Headwater::new(["put", "s"].into_iter().chain(args)).env("AWS_ENDPOINT_URL", endpoint.endpoint_url())
}

/// What the records of `s` hold, in the order in which they arrived at each shard.
fn stored(endpoint: &Server) -> Vec<String> {
    let records = endpoint.records("s").expect("the stream is there");
    records.into_iter().map(|record| String::from_utf8(record.data.to_vec()).expect("it is text")).collect()
}

/// A line for each number.
fn numbered(numbers: RangeInclusive<u32>) -> String {
    numbers.fold(String::new(), |mut lines, number| {
        writeln!(lines, "{number}").expect("memory takes it");
        lines
    })
}
