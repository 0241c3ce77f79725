//! The command line, and what it does: as it is, or with every allocation counted.

use std::path::PathBuf;

use clap::Parser;
use clap::builder::PossibleValuesParser;
use clap::builder::TypedValueParser;
use headwater_benches::{
    Group, Line, Machine, Outcome, Row, Side, Speed, client, laps_table, measure, rows, serve, serve_null,
    table,
};
use serde::Serialize;
use tokio::runtime::Builder;

/// How many rows of a table of millions there are.
const LAPS: usize = 10;

/// The command line.
#[derive(Parser)]
#[command(about = "Measures what a record costs a process of its own, beside a bare loop over the AWS SDK")]
struct Args {
    /// A table to measure, repeatable [default: budget]
    #[arg(long = "table", value_name = "TABLE", value_parser = groups())]
    groups: Vec<Group>,
    /// Runs only the rows whose name, such as `budget/sink/bytes/cbor`, contains this
    #[arg(long)]
    only: Option<String>,
    /// How many messages a run has [default: what the row says]
    #[arg(long)]
    records: Option<usize>,
    /// How often each row runs on each side
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// One round of a tenth of the records: shows that everything works, and no figure to rely on
    #[arg(long)]
    quick: bool,
    /// Runs one side alone
    #[arg(long, value_name = "sdk|headwater")]
    side: Option<Side>,
    /// Tells which rows there are
    #[arg(long)]
    list: bool,
    /// Writes every figure of every round to this file
    #[arg(long)]
    json: Option<PathBuf>,
    /// Serves the embedded endpoint instead, until standard input ends
    #[arg(long, hide = true)]
    serve: bool,
    /// Serves nothing instead, until standard input ends
    #[arg(long, hide = true)]
    null: Option<String>,
    /// Does one job instead
    #[arg(long, hide = true)]
    client: Option<String>,
    /// Given by `cargo bench`
    #[arg(long, hide = true)]
    bench: bool,
}

/// Everything that was measured.
#[derive(Serialize)]
struct Measured {
    machine: Machine,
    lines: Vec<Line>,
}

/// Runs what the command line says, counting allocations where there is something that counts them.
pub(crate) fn command(allocations: Option<fn() -> u64>) -> Outcome {
    let args = Args::parse();
    if args.serve {
        return serve();
    }
    if let Some(null) = &args.null {
        return serve_null(serde_json::from_str(null)?);
    }
    if let Some(task) = &args.client {
        return client(task, allocations);
    }
    let rows = args.rows();
    if args.list {
        rows.iter().for_each(|row| println!("{row}"));
        return Ok(());
    }
    let lines = Builder::new_multi_thread().enable_all().build()?.block_on(args.measure(&rows))?;
    if let Some(path) = &args.json {
        let measured = Measured { machine: Machine::here(), lines };
        std::fs::write(path, serde_json::to_vec_pretty(&measured)?)?;
    }
    Ok(())
}

impl Args {
    fn groups(&self) -> &[Group] {
        if self.groups.is_empty() { &[Group::Budget] } else { &self.groups }
    }

    fn rows(&self) -> Vec<Row> {
        let all = self.groups().iter().flat_map(|&group| rows(group));
        let asked = all.filter(|row| self.only.as_ref().is_none_or(|only| row.to_string().contains(only)));
        let sized = asked.map(|row| Row { records: self.records.unwrap_or(row.records), ..row });
        sized
            .map(|row| if self.quick { Row { records: (row.records / 10).max(1), ..row } } else { row })
            .collect()
    }

    async fn measure(&self, rows: &[Row]) -> Outcome<Vec<Line>> {
        let speed = Speed {
            rounds: if self.quick { 1 } else { self.rounds.max(1) },
            sides: self.side.map_or_else(|| vec![Side::Sdk, Side::Headwater], |side| vec![side]),
            serve_flag: "--serve".to_owned(),
            null_flag: "--null".to_owned(),
            client_flag: "--client".to_owned(),
        };
        let mut lines = Vec::new();
        for &group in self.groups() {
            let first = lines.len();
            for row in rows.iter().filter(|row| row.group == group) {
                eprintln!("{row}");
                // The long run has one round: it is its own comparison.
                let rounds = if row.lap.is_some() { 1 } else { speed.rounds };
                lines.push(measure(&Speed { rounds, ..speed.clone() }, row).await?);
            }
            println!("\n{}\n\n{}", group.name(), table(&lines[first..]));
            for line in lines[first..].iter().filter(|line| !line.comparison.laps.is_empty()) {
                println!("{}", laps_table(&line.comparison, line.comparison.records.div_ceil(LAPS)));
            }
        }
        Ok(lines)
    }
}

fn groups() -> impl TypedValueParser<Value = Group> {
    let named = |name: String| Group::ALL.into_iter().find(|group| group.name() == name);
    PossibleValuesParser::new(Group::ALL.map(Group::name)).try_map(move |name| named(name).ok_or("no table"))
}
