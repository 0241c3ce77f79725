//! async-kinesis 3.0.1, whose records Headwater must read and whose readers must read Headwater's.
//!
//! The programs in `tests/python` run in the virtual environment that `cargo xtask setup` makes. async-kinesis takes
//! the server's address as the argument `endpoint_url` of its producer and consumer.

use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use crate::installation::{source, virtual_python};

/// How long a program may run. On an idle machine each takes about two seconds, most of it imports.
const TIME_LIMIT: Duration = Duration::from_mins(3);

/// A processor of async-kinesis: how one item becomes bytes, and several share a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Processor {
    /// One text per record
    String,
    /// One JSON value per record
    Json,
    /// One JSON value per line
    JsonLine,
    /// One JSON array per record
    JsonList,
    /// MessagePack values in netstrings
    Msgpack,
    /// JSON values in a KPL aggregate
    KplJson,
    /// Texts in a KPL aggregate
    KplString,
}

impl Processor {
    /// All seven.
    pub const ALL: [Self; 7] = [
        Self::String,
        Self::Json,
        Self::JsonLine,
        Self::JsonList,
        Self::Msgpack,
        Self::KplJson,
        Self::KplString,
    ];

    /// The name of its class.
    pub fn class(self) -> &'static str {
        match self {
            Self::String => "StringProcessor",
            Self::Json => "JsonProcessor",
            Self::JsonLine => "JsonLineProcessor",
            Self::JsonList => "JsonListProcessor",
            Self::Msgpack => "MsgpackProcessor",
            Self::KplJson => "KPLJsonProcessor",
            Self::KplString => "KPLStringProcessor",
        }
    }

    /// Whether its items are texts and nothing else.
    pub fn is_text(self) -> bool {
        matches!(self, Self::String | Self::KplString)
    }
}

/// Puts items into a stream with async-kinesis.
///
/// # Panics
///
/// When the program fails or takes too long, with what it printed.
pub async fn produce(url: &str, stream: &str, processor: Processor, items: &[Value]) {
    let mut lines = String::new();
    for item in items {
        lines += &item.to_string();
        lines.push('\n');
    }
    kinesis("produce.py", &[], (url, stream), processor, lines).await;
}

/// Reads `count` items from the beginning of a stream with async-kinesis.
///
/// # Panics
///
/// When there are fewer, the program fails or takes too long, with what it printed.
pub async fn consume(url: &str, stream: &str, processor: Processor, count: usize) -> Vec<Value> {
    let count = count.to_string();
    let output = kinesis("consume.py", &["--count", &count], (url, stream), processor, String::new()).await;
    let item = |line: &str| {
        serde_json::from_str(line).unwrap_or_else(|error| panic!("consume.py printed {line:?}: {error}"))
    };
    output.lines().map(item).collect()
}

/// Runs one of the two with what both take.
async fn kinesis(name: &str, args: &[&str], to: (&str, &str), processor: Processor, input: String) -> String {
    let (url, stream) = to;
    let common = ["--endpoint", url, "--stream", stream, "--processor", processor.class()];
    run(name, &[&common, args].concat(), input).await
}

/// Runs async-kinesis' own command to its end, and returns what it printed.
///
/// # Panics
///
/// When it fails or takes too long, with what it printed.
pub async fn async_kinesis(url: &str, args: &[&str], input: String) -> String {
    let mut command = Command::new(virtual_python("python"));
    command.args(["-B", "-c", "from kinesis.cli import main; main()", "--endpoint-url", url]).args(args);
    for (name, value) in [
        ("AWS_ACCESS_KEY_ID", "AKIDHEADWATER"),
        ("AWS_SECRET_ACCESS_KEY", "headwater"),
        ("AWS_DEFAULT_REGION", "us-east-1"),
    ] {
        command.env(name, value);
    }
    finish(&format!("async-kinesis {}", args.join(" ")), command, input).await
}

/// Runs a program of `tests/python` to its end, and returns what it printed.
///
/// # Panics
///
/// When it fails or takes too long, with what it printed.
pub(crate) async fn run(name: &str, args: &[&str], input: String) -> String {
    let mut command = Command::new(virtual_python("python"));
    // No compiled files beside the sources.
    command.arg("-B").arg(source("python").join(name)).args(args);
    finish(&format!("{name} {}", args.join(" ")), command, input).await
}

async fn finish(what: &str, mut command: Command, input: String) -> String {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let mut child = command.spawn().unwrap_or_else(|error| panic!("{what}: {error}"));
    let mut stdin = child.stdin.take().expect("its standard input is a pipe");
    let feed = async move {
        // One that fails before it reads says why on its standard error.
        let _ = stdin.write_all(input.as_bytes()).await;
    };
    // Both at once: one that answers while it reads would wait for its output to be read.
    let work = async { tokio::join!(feed, child.wait_with_output()).1 };
    let output = tokio::time::timeout(TIME_LIMIT, work).await.unwrap_or_else(|error| Err(error.into()));
    let output = output.unwrap_or_else(|error| panic!("{what}: {error}"));
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{what}: {}\n{stderr}", output.status);
    String::from_utf8(output.stdout).unwrap_or_else(|error| panic!("{what}: {error}"))
}

#[cfg(test)]
mod tests {
    use futures::future::join_all;
    use serde_json::{Value, json};

    use super::{Processor, consume, produce};
    use crate::server::Server;

    #[tokio::test]
    async fn async_kinesis_reads_what_it_wrote_with_every_processor() {
        join_all(Processor::ALL.map(round_trip)).await;
    }

    async fn round_trip(processor: Processor) {
        let endpoint = Server::Kinesalite.shared();
        let stream = endpoint.create_stream("python", 1).await;
        let mut items = vec![json!("héllo"), json!("two"), json!("3")];
        if !processor.is_text() {
            items.extend([json!({"test": 123}), json!([1, 2.5, null]), json!(true)]);
        }
        produce(endpoint.url(), stream.name(), processor, &items).await;
        let mut read = consume(endpoint.url(), stream.name(), processor, items.len()).await;

        // One request keeps no order among its records.
        items.sort_by_key(Value::to_string);
        read.sort_by_key(Value::to_string);
        assert_eq!(read, items, "{processor:?}");
        stream.delete().await;
    }
}
