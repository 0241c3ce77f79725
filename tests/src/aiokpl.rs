//! The producer of aiokpl 0.2.0, which writes to a stream as the KPL does.

use headwater::SequenceNumber;
use headwater_kinesis::kpl::UserRecord;
use serde_json::Value;

use crate::aggregator::value;
use crate::python::run;

/// Where a producer says that a user record landed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Landed {
    /// The shard
    pub shard: String,
    /// The sequence number of the record that holds it
    pub sequence: SequenceNumber,
}

/// Puts user records into a stream, in their order, at most `most` of them in an aggregate.
///
/// # Panics
///
/// When the program fails or takes too long, or a user record is not stored, with what it printed.
pub async fn put_with_aiokpl(url: &str, stream: &str, most: usize, users: &[UserRecord]) -> Vec<Landed> {
    let lines: Vec<_> = users.iter().map(|user| value(user).to_string()).collect();
    let args = ["--endpoint", url, "--stream", stream, "--users", &most.to_string()];
    let output = run("aiokpl_put.py", &args, lines.join("\n")).await;
    let landed: Vec<_> = output.lines().map(landed).collect();
    assert_eq!(landed.len(), users.len(), "aiokpl says where each user record landed");
    landed
}

fn landed(line: &str) -> Landed {
    let value: Value =
        serde_json::from_str(line).unwrap_or_else(|error| panic!("aiokpl_put.py printed {line:?}: {error}"));
    let text = |name: &str| value[name].as_str().expect("it is a text").to_owned();
    Landed { shard: text("shard"), sequence: text("sequence").into() }
}
