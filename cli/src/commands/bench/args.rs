//! The flags of `headwater bench`.

use std::path::PathBuf;

use clap::Args;
use clap::builder::{PossibleValuesParser, RangedU64ValueParser, TypedValueParser};
use headwater_benches::{Job, Processor, SIZES, Settings};

use crate::commands::bench::target::Target;
use crate::failure::Failure;

/// The most bytes of a request to Kinesis.
const MAX_REQUEST_BYTES: u64 = 10 << 20;

const HELP: &str = "\
Without --endpoint-url the embedded endpoint runs in a process of its own, whatever the environment says. Streams made
elsewhere are named headwater-bench-… and deleted afterwards, on Ctrl-C too.

Examples:
  headwater bench --quick
  headwater bench --report bench && open bench/index.html
  headwater bench --codec json --codec kpl-json --shards 4 --rounds 9
  headwater bench --codec json-lines --codec json-lines-zstd
  headwater bench --only order
  headwater bench --endpoint-url http://localhost:4567 --records 2000

Exit codes: 0 done · 1 failed · 2 wrong usage · 130 stopped by Ctrl-C";

/// Measures every processor, both ways, beside the bare SDK
#[derive(Args, Clone, Debug)]
#[command(after_help = HELP)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub(crate) struct BenchArgs {
    /// How many messages a job sends or reads
    #[arg(long, value_name = "N", default_value_t = 50_000, value_parser = from_one())]
    records: usize,
    /// How long a message is as JSON, in bytes
    #[arg(long, value_name = "BYTES", default_value_t = 1_000, value_parser = sizes())]
    size: usize,
    /// How many shards a stream has
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = from_one())]
    shards: usize,
    /// A codec to measure, repeatable. Otherwise all
    #[arg(long = "codec", value_name = "CODEC", value_parser = codecs())]
    codecs: Vec<Processor>,
    /// How often each job runs on each side
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = from_one())]
    rounds: usize,
    /// One round of a tenth of the records: shows that everything works, and no figure to rely on
    #[arg(long)]
    quick: bool,
    /// The jobs alone whose name contains this, such as source/json or relay. Those named order/…, on what order
    /// costs, run only when they are asked for
    #[arg(long, value_name = "NAME")]
    only: Option<String>,
    /// The most bytes of a PutRecords request, on both sides. Otherwise 10 MiB, and 3500000 with --endpoint-url,
    /// because test servers refuse more
    #[arg(long, value_name = "BYTES", value_parser = RangedU64ValueParser::<usize>::new().range(1..=MAX_REQUEST_BYTES))]
    pub(super) batch_bytes: Option<usize>,
    /// Keep to what a shard takes, and send again what it throttled: for a server that enforces limits
    #[arg(long)]
    pub(super) limits: bool,
    /// Measure on AWS itself, within its limits. Streams and requests cost money there
    #[arg(long)]
    pub(super) aws: bool,
    /// Write index.html, report.json and the plots into this folder
    #[arg(long, value_name = "DIR")]
    pub(super) report: Option<PathBuf>,
    /// Write every figure of every round to this file
    #[arg(long, value_name = "FILE")]
    pub(super) json: Option<PathBuf>,
    /// Serves the embedded endpoint instead, until standard input ends
    #[arg(long, hide = true)]
    pub(super) serve: bool,
}

impl BenchArgs {
    /// Returns what is measured, and how often.
    pub(super) fn settings(&self) -> Result<Settings, Failure> {
        let mut jobs = Job::all();
        jobs.retain(|job| self.wants(*job));
        if jobs.is_empty() {
            let only = self.only.as_deref().unwrap_or_default();
            let names: Vec<_> = Job::all().iter().map(Job::to_string).collect();
            return Err(Failure::usage(format!(
                "--only {only}: no job of the codecs asked for has that in its name; the names are {}",
                names.join(", ")
            )));
        }
        let (records, size, shards, rounds) = (self.records, self.size, self.shards, self.rounds);
        let settings = Settings { records, size, shards, rounds, ..Settings::of(jobs) };
        Ok(if self.quick { settings.quick() } else { settings })
    }

    fn wants(&self, job: Job) -> bool {
        let is_named = match &self.only {
            Some(only) => job.to_string().replace('_', "-").contains(&only.replace('_', "-")),
            None => !job.is_about_order(),
        };
        is_named && (self.codecs.is_empty() || self.codecs.contains(&job.processor()))
    }

    /// Returns the command line that does the same again.
    pub(super) fn command(&self, target: &Target) -> String {
        let Self { records, size, shards, rounds, .. } = self;
        let mut words = vec![format!(
            "headwater bench --records {records} --size {size} --shards {shards} --rounds {rounds}"
        )];
        let codecs = self.codecs.iter().copied().map(hyphenated);
        words.extend(codecs.map(|codec| format!("--codec {codec}")));
        let bytes = self.batch_bytes.map(|bytes| bytes.to_string());
        let values = [("only", &self.only), ("batch-bytes", &bytes), ("endpoint-url", &target.url)];
        let values = values.into_iter().filter_map(|(flag, value)| Some((flag, value.as_ref()?)));
        words.extend(values.map(|(flag, value)| format!("--{flag} {value}")));
        let flags = [("quick", self.quick), ("limits", self.limits), ("aws", self.aws)];
        words.extend(flags.iter().filter(|(_, given)| *given).map(|(flag, _)| format!("--{flag}")));
        words.join(" ")
    }
}

fn from_one() -> RangedU64ValueParser<usize> {
    RangedU64ValueParser::new().range(1..=i32::MAX as u64)
}

fn sizes() -> RangedU64ValueParser<usize> {
    RangedU64ValueParser::new().range(*SIZES.start() as u64..=*SIZES.end() as u64)
}

/// The processors by the names of their codecs.
fn codecs() -> impl TypedValueParser<Value = Processor> {
    PossibleValuesParser::new(Processor::ALL.map(hyphenated)).try_map(|name| {
        let named = Processor::ALL.into_iter().find(|processor| hyphenated(*processor) == name);
        named.ok_or_else(|| format!("{name} is no codec"))
    })
}

/// A codec has hyphens in flags, and underscores in the names of jobs.
fn hyphenated(processor: Processor) -> String {
    processor.name().replace('_', "-")
}
