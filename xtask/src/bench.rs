//! The benchmarks.

use std::fs;
use std::path::PathBuf;

use clap::Args;

use crate::guard;
use crate::setup;
use crate::step::{Error, Step};
use crate::workspace;

/// Measures what a record costs, row by row, beside the bare SDK; writes tables, figures and pictures under
/// `target/bench`.
#[derive(Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub(crate) struct Bench {
    /// One round of a tenth of the records: shows that everything works, and no figure to rely on
    #[arg(long)]
    quick: bool,

    /// A table to measure, repeatable: budget, processors, growth, latency, slow or long [default: budget]
    #[arg(long = "table", value_name = "TABLE")]
    tables: Vec<String>,

    /// Measures every table, the long one too: an hour
    #[arg(long, conflicts_with = "tables")]
    all: bool,

    /// Only the rows whose name contains this
    #[arg(long, value_name = "NAME")]
    only: Option<String>,

    /// How often each row runs on each side
    #[arg(long, default_value_t = 3)]
    rounds: usize,

    /// Figures to compare with
    #[arg(long, value_name = "FILE", default_value = "benches/baseline.json")]
    baseline: PathBuf,

    /// Writes what was found into this baseline
    #[arg(long, value_name = "FILE")]
    save_baseline: Option<PathBuf>,

    /// Puts the tables and pictures into docs/speed.md
    #[arg(long)]
    write_docs: bool,

    /// Counts the instructions and allocations of the guarded jobs instead, those of the bare loop too
    #[arg(long)]
    guard: bool,

    /// Measures the clients of other languages instead, beside Headwater
    #[arg(long)]
    peers: bool,
}

/// Every table.
const TABLES: [&str; 6] = ["budget", "processors", "growth", "latency", "slow", "long"];

impl Bench {
    /// Runs it to its end.
    pub(crate) fn run(self) -> Result<(), Error> {
        let root = workspace::root();
        let save = self.save_baseline.as_ref().map(|path| root.join(path));
        if self.guard {
            let step = guard::counting(guard::valgrind()?, &["--bare"]);
            return match save {
                Some(path) => step.args(["--save-baseline".as_ref(), path.as_os_str()]),
                None => step,
            }
            .run();
        }
        if self.peers {
            return self.peers();
        }
        let folder = root.join("target").join("bench");
        let made = fs::create_dir_all(&folder);
        made.map_err(|error| Error::new(format!("{}: {error}", folder.display())))?;

        // What counts allocations costs time, so that time is taken without it.
        let allocations = folder.join("allocations.json");
        self.measuring("counted").args(["--rounds", "1", "--json"]).args([&allocations]).run()?;
        let mut step = self.measuring("speed").args(["--rounds", &self.rounds.to_string()]);
        step = step.args(["--allocations".as_ref(), allocations.as_os_str()]);
        step = step.args(["--json".as_ref(), folder.join("speed.json").as_os_str()]);
        step = step.args(["--baseline".as_ref(), root.join(&self.baseline).as_os_str()]);
        if let Some(path) = save {
            step = step.args(["--save-baseline".as_ref(), path.as_os_str()]);
        }
        let docs = root.join("docs");
        let pictures = if self.write_docs { docs.join("speed") } else { folder };
        step = step.args(["--pictures".as_ref(), pictures.as_os_str()]);
        if self.write_docs {
            step = step.args(["--page".as_ref(), docs.join("speed.md").as_os_str()]);
        }
        step.run()
    }

    /// Measures the clients of other languages.
    fn peers(&self) -> Result<(), Error> {
        let (python, packages) = setup::peers()?;
        let mut step = self.measuring("speed").args(["--rounds", &self.rounds.to_string(), "--peers"]);
        step = step.args([workspace::peer_sources()]).args(["--python".as_ref(), python.as_os_str()]);
        step = step.args(["--packages".as_ref(), packages.as_os_str()]);
        if self.write_docs {
            step = step.args(["--page".as_ref(), workspace::root().join("docs/speed.md").as_os_str()]);
        }
        step.run()
    }

    /// The step that measures what was asked for.
    fn measuring(&self, bench: &str) -> Step {
        let mut step =
            Step::cargo().args(["bench", "--package", "headwater-benches", "--bench", bench, "--"]);
        let every = TABLES.map(str::to_owned);
        let tables: &[String] = if self.all { &every } else { &self.tables };
        for table in tables {
            step = step.args(["--table", table]);
        }
        if let Some(only) = &self.only {
            step = step.args(["--only", only]);
        }
        if self.quick { step.args(["--quick"]) } else { step }
    }
}
