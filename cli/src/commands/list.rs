//! `headwater list`.

use std::io::{self, BufWriter, Write as _};

use aws_sdk_kinesis::Client;
use aws_sdk_kinesis::types::{StreamDescriptionSummary, StreamSummary};
use clap::Args;
use futures::{StreamExt as _, stream};
use serde::Serialize;

use crate::args::EXIT_CODES;
use crate::connection::Connection;
use crate::context::Context;
use crate::counted::counted;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::layout::Layout;
use crate::note::note;
use crate::stdout;
use crate::stream_api::{self, Answer, mode, shown, told};
use crate::table::Table;

/// How many streams are described at a time: DescribeStreamSummary has 20 calls a second for the whole account.
const AT_A_TIME: usize = 4;

/// Lists the streams of the account
#[derive(Args, Clone, Debug)]
#[command(after_help = format!("\
Examples:
  headwater list
  headwater list --output json | jq -r 'select(.open_shard_count > 10).stream_name'

Needs kinesis:ListStreams, and kinesis:DescribeStreamSummary for the open shards.

{EXIT_CODES}"))]
pub(crate) struct ListArgs {
    /// How it is laid out
    #[arg(short, long, value_enum, value_name = "LAYOUT", default_value_t)]
    output: Layout,
}

/// A stream, by the names of the API. What nobody told is null.
#[derive(Debug, Serialize)]
struct Listed {
    stream_name: String,
    stream_arn: Option<String>,
    stream_status: Option<String>,
    stream_mode: Option<String>,
    open_shard_count: Option<i32>,
    stream_creation_timestamp: Option<String>,
}

/// Does it.
pub(crate) async fn run(args: ListArgs, context: Context) -> Result<Exit, Failure> {
    let connection = Connection::load(&context.globals).await;
    let client = stream_api::client(&connection, None)?;
    let names = names(&client).await.map_err(Failure::failed)?;
    let mut refused: Option<(usize, String)> = None;
    let mut streams = stream::iter(names).map(|listed| described(&client, listed)).buffered(AT_A_TIME);
    let mut table = Table::new(["STREAM", "STATUS", "MODE", "OPEN SHARDS"]).numbers(3);
    let mut out = BufWriter::new(io::stdout());
    let written = async {
        while let Some((stream, why)) = streams.next().await {
            if let Some(why) = why {
                refused.get_or_insert((0, why)).0 += 1;
            }
            match args.output {
                Layout::Json => {
                    serde_json::to_writer(&mut out, &stream)?;
                    writeln!(out)?;
                }
                Layout::Table => table.row(stream.cells()),
            }
        }
        if args.output == Layout::Table {
            table.write(&mut out)?;
        }
        out.flush()
    };
    written.await.map_err(Failure::io(stdout::WRITE))?;
    if let Some((count, why)) = refused {
        let streams = counted(count as u64, "stream");
        note(format_args!("the open shards of {streams} are unknown: {why}"));
    }
    Ok(Exit::Done)
}

/// Lists all streams, by the name after which a page begins: not every server has tokens.
async fn names(client: &Client) -> Answer<Vec<Listed>> {
    let mut streams: Vec<Listed> = Vec::new();
    loop {
        let after = streams.last().map(|last| last.stream_name.clone());
        let page = client.list_streams().set_exclusive_start_stream_name(after).send().await;
        let page = page.map_err(|error| told("list streams", &error))?;
        let known = streams.len();
        match page.stream_summaries {
            Some(summaries) if !summaries.is_empty() => {
                streams.extend(summaries.into_iter().map(Listed::from));
            }
            _ => streams.extend(page.stream_names.into_iter().map(Listed::named)),
        }
        if !page.has_more_streams || streams.len() == known {
            return Ok(streams);
        }
    }
}

/// Adds what a description tells, or why it could not be had.
async fn described(client: &Client, listed: Listed) -> (Listed, Option<String>) {
    let name = &listed.stream_name;
    let answer = client.describe_stream_summary().stream_name(name).send().await;
    match answer.map(|answer| answer.stream_description_summary) {
        Ok(Some(summary)) => (Listed::from(summary), None),
        Ok(None) => (listed, Some("the answer is empty".to_owned())),
        Err(error) => {
            let why = told(format_args!("describe stream \"{name}\""), &error);
            (listed, Some(why))
        }
    }
}

impl Listed {
    fn named(stream_name: String) -> Self {
        Self {
            stream_name,
            stream_arn: None,
            stream_status: None,
            stream_mode: None,
            open_shard_count: None,
            stream_creation_timestamp: None,
        }
    }

    fn cells(&self) -> [String; 4] {
        let known = |told: &Option<String>| told.clone().unwrap_or_else(|| "-".to_owned());
        let shards = self.open_shard_count.map(|count| count.to_string());
        [self.stream_name.clone(), known(&self.stream_status), known(&self.stream_mode), known(&shards)]
    }
}

impl From<StreamSummary> for Listed {
    fn from(summary: StreamSummary) -> Self {
        Self {
            stream_arn: Some(summary.stream_arn),
            stream_status: Some(summary.stream_status.to_string()),
            stream_mode: summary.stream_mode_details.map(|mode| mode.stream_mode.to_string()),
            stream_creation_timestamp: summary.stream_creation_timestamp.and_then(shown),
            ..Self::named(summary.stream_name)
        }
    }
}

impl From<StreamDescriptionSummary> for Listed {
    fn from(summary: StreamDescriptionSummary) -> Self {
        Self {
            stream_arn: Some(summary.stream_arn),
            stream_status: Some(summary.stream_status.to_string()),
            stream_mode: Some(mode(summary.stream_mode_details)),
            open_shard_count: Some(summary.open_shard_count),
            stream_creation_timestamp: shown(summary.stream_creation_timestamp),
            ..Self::named(summary.stream_name)
        }
    }
}
