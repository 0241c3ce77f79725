//! The command line, and what it does: as it is, or with every allocation counted.

use std::path::{Path, PathBuf};

use clap::Parser;
use clap::builder::PossibleValuesParser;
use clap::builder::TypedValueParser;
use headwater_benches::{
    Baseline, Group, Guards, Line, Machine, Outcome, Peers, Row, Side, Speed, all_tables, client, guard,
    limited, limited_table, measure, peers_table, put_table, rows, serve, serve_null, write_page,
    write_pictures,
};
use serde::Serialize;
use serde_json::Value;
use tokio::runtime::Builder;

/// How many records a client of another language sends or reads.
const PEERS: usize = 50_000;

/// The command line.
#[derive(Parser)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
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
    /// Writes the pictures into this folder
    #[arg(long, value_name = "DIR")]
    pictures: Option<PathBuf>,
    /// Puts the tables between their comments in this page
    #[arg(long, value_name = "FILE")]
    page: Option<PathBuf>,
    /// Takes the allocations from what the counting program wrote by --json
    #[arg(long, value_name = "FILE")]
    allocations: Option<PathBuf>,
    /// The figures to compare with
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,
    /// Writes what was found into this baseline, and leaves in it what was not measured
    #[arg(long, value_name = "FILE")]
    save_baseline: Option<PathBuf>,
    /// Counts what the guarded jobs need instead, with this valgrind, and fails where that is too much
    #[arg(long, value_name = "VALGRIND")]
    guard: Option<PathBuf>,
    /// Counts what the bare loop needs too
    #[arg(long, requires = "guard")]
    bare: bool,
    /// Writes a shard that has the limits of Kinesis instead, for 20 seconds
    #[arg(long)]
    limited: bool,
    /// Measures the clients of other languages instead, whose programs are in this folder
    #[arg(long, value_name = "DIR", requires_all = ["python", "packages"])]
    peers: Option<PathBuf>,
    /// The Python that has their packages
    #[arg(long)]
    python: Option<PathBuf>,
    /// The folder whose node_modules has them
    #[arg(long)]
    packages: Option<PathBuf>,
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
        for row in &rows {
            println!("{row}");
        }
        return Ok(());
    }
    let runtime = Builder::new_multi_thread().enable_all().build()?;
    if let Some(valgrind) = &args.guard {
        return runtime.block_on(args.guard(valgrind));
    }
    if args.limited {
        return runtime.block_on(args.limited());
    }
    if let Some(programs) = &args.peers {
        return runtime.block_on(args.peers(programs));
    }
    let lines = runtime.block_on(args.measure(&rows))?;
    args.keep(lines)
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

    fn speed(&self) -> Speed {
        Speed {
            rounds: if self.quick { 1 } else { self.rounds.max(1) },
            sides: self.side.map_or_else(|| vec![Side::Sdk, Side::Headwater], |side| vec![side]),
            serve_flag: "--serve".to_owned(),
            null_flag: "--null".to_owned(),
            client_flag: "--client".to_owned(),
        }
    }

    /// Counts, and fails where something needs too much.
    async fn guard(&self, valgrind: &Path) -> Outcome {
        let guards = Guards { speed: self.speed(), valgrind: valgrind.to_owned(), bare: self.bare };
        let baseline = self.baseline.as_deref().map(Baseline::read).transpose()?.unwrap_or_default();
        let (found, excesses) = guard(&guards, &baseline).await?;
        println!("{:<10} {:>12} {:>8} {:>12}", "a record", "instructions", "SHA-256", "allocations");
        for need in &found {
            let (instructions, sha256, allocations) = (need.instructions, need.sha256, need.allocations);
            println!("{:<10} {instructions:>12.0} {sha256:>8.0} {allocations:>12.3}", need.guard);
        }
        if let Some(path) = &self.save_baseline {
            Baseline { guards: found, ..Baseline::read(path)? }.write(path)?;
        }
        if excesses.is_empty() { Ok(()) } else { Err(excesses.join("; ").into()) }
    }

    /// Measures what a limited shard is given.
    async fn limited(&self) -> Outcome {
        let table = limited_table(&limited().await?);
        println!("{table}");
        self.page.as_deref().map_or(Ok(()), |page| put_table(page, "limited", &table))
    }

    /// Measures the clients of other languages.
    async fn peers(&self, programs: &Path) -> Outcome {
        let records = self.records.unwrap_or(PEERS);
        let peers = Peers {
            python: self.python.clone().unwrap_or_default(),
            packages: self.packages.clone().unwrap_or_default(),
            programs: programs.to_owned(),
            records: if self.quick { records / 10 } else { records },
        };
        let only = |name: &str| self.only.as_ref().is_none_or(|only| name.contains(only));
        let found = headwater_benches::peers(&self.speed(), &peers, only).await?;
        let table = peers_table(&found);
        println!("\n{table}");
        if let Some(path) = &self.json {
            std::fs::write(path, serde_json::to_vec_pretty(&found)?)?;
        }
        self.page.as_deref().map_or(Ok(()), |page| put_table(page, "peers", &table))
    }

    async fn measure(&self, rows: &[Row]) -> Outcome<Vec<Line>> {
        let speed = self.speed();
        let counted = self.allocations.as_deref().map(counted).transpose()?.unwrap_or_default();
        let mut lines = Vec::new();
        for &group in self.groups() {
            let first = lines.len();
            for row in rows.iter().filter(|row| row.group == group) {
                eprintln!("{row}");
                // The long run has one round: it is its own comparison.
                let rounds = if row.lap.is_some() { 1 } else { speed.rounds };
                let mut line = measure(&Speed { rounds, ..speed.clone() }, row).await?;
                if let Some(counted) = counted.iter().find(|counted| counted["row"] == line.row) {
                    line.take_allocations(counted);
                }
                lines.push(line);
            }
            println!("\n{}\n\n{}", group.name(), all_tables(&lines[first..]));
        }
        Ok(lines)
    }

    /// Writes all that is to be written.
    fn keep(&self, lines: Vec<Line>) -> Outcome {
        if let Some(path) = &self.baseline {
            println!(
                "CPU ratios beside those of {}\n\n{}",
                path.display(),
                Baseline::read(path)?.compared(&lines)
            );
        }
        if let Some(path) = &self.save_baseline {
            let mut baseline = Baseline::read(path)?;
            baseline.take(&lines);
            baseline.write(path)?;
        }
        if let Some(folder) = &self.pictures {
            write_pictures(folder, &lines)?;
        }
        if let Some(page) = &self.page {
            write_page(page, &lines)?;
        }
        if let Some(path) = &self.json {
            let measured = Measured { machine: Machine::here(), lines };
            std::fs::write(path, serde_json::to_vec_pretty(&measured)?)?;
        }
        Ok(())
    }
}

/// Reads the lines that were written by `--json`.
fn counted(path: &Path) -> Outcome<Vec<Value>> {
    let mut measured: Value = serde_json::from_slice(&std::fs::read(path)?)?;
    Ok(serde_json::from_value(measured["lines"].take())?)
}

fn groups() -> impl TypedValueParser<Value = Group> {
    let named = |name: String| Group::ALL.into_iter().find(|group| group.name() == name);
    PossibleValuesParser::new(Group::ALL.map(Group::name)).try_map(move |name| named(name).ok_or("no table"))
}
