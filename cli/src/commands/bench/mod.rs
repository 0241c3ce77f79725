//! `headwater bench`: the benchmark of the library, on the endpoint that the flags name.

mod args;
mod target;

pub(crate) use args::BenchArgs;

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::Path;

use headwater_benches::{Bench, Comparison, Files, Outcome, Report};

use crate::commands::bench::target::Target;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::progress::progress;

/// Does it.
pub(crate) async fn run(args: BenchArgs, context: Context) -> Result<Exit, Failure> {
    if args.serve {
        let served = tokio::task::spawn_blocking(headwater_benches::serve).await;
        return served.map_err(failed)?.map(|()| Exit::Done).map_err(failed);
    }
    let settings = args.settings()?;
    // What cannot be written is to be known before it is measured.
    let files = args.report.as_deref().map(prepare).transpose()?;
    if let Some(path) = &args.json {
        writable(path)?;
    }
    let target = Target::of(&args, &context.globals, &settings).await?;
    if cfg!(debug_assertions) {
        eprintln!("this is a debug build: its figures say nothing");
    }

    let mut bench =
        Bench::connect(target.endpoint.clone(), settings).await.map_err(|e| target.unreachable(&e))?;
    if target.is_given() {
        eprintln!("streams {}* are made on {} and deleted afterwards", bench.prefix(), target.server);
    }
    let measured = tokio::select! {
        biased;
        () = context.stop.asked() => None,
        jobs = measure(&mut bench) => Some(jobs),
    };
    let cleaned = bench.clean_up().await;
    let Some(jobs) = measured else {
        cleaned.map_err(failed)?;
        return Ok(context.stop.exit());
    };
    let mut report = Report::new(bench.settings(), jobs.map_err(failed)?);
    report.server.clone_from(&target.server);
    report.limited = target.limited;
    report.request_bytes = target.endpoint.request_bytes;
    report.command = Some(args.command(&target));
    tell(&report, files.as_ref(), args.json.as_deref())?;
    cleaned.map_err(failed)?;
    Ok(Exit::Done)
}

async fn measure(bench: &mut Bench) -> Outcome<Vec<Comparison>> {
    let bar = progress("bench", Some(bench.settings().jobs.len() as u64));
    let jobs = bench.run(|job| {
        bar.set_message(job.to_string());
        bar.inc(1);
    });
    let jobs = jobs.await;
    bar.finish_and_clear();
    jobs
}

/// Prints the table and writes the files.
fn tell(report: &Report, files: Option<&Files>, json: Option<&Path>) -> Result<(), Failure> {
    if let Some(files) = files {
        files.write(report).map_err(failed)?;
    }
    if let Some(path) = json {
        let figures = serde_json::to_vec_pretty(report).map_err(failed)?;
        std::fs::write(path, figures).map_err(Failure::io(format!("write {}", path.display())))?;
    }
    let mut stdout = std::io::stdout().lock();
    let printed = stdout.write_all(report.table().as_bytes()).and_then(|()| stdout.flush());
    printed.map_err(Failure::io("print the table"))
}

fn prepare(folder: &Path) -> Result<Files, Failure> {
    Files::prepare(folder).map_err(|error| unwritable("--report", folder, "a folder", &error))
}

fn writable(path: &Path) -> Result<(), Failure> {
    let opened = OpenOptions::new().create(true).append(true).open(path);
    opened.map(drop).map_err(|error| unwritable("--json", path, "a file", &error))
}

fn unwritable(flag: &str, path: &Path, what: &str, error: &std::io::Error) -> Failure {
    Failure::usage(format!("{flag} {}: {error}; {what} that can be written is right", path.display()))
}

fn failed(error: impl std::fmt::Display) -> Failure {
    Failure::failed(error.to_string())
}
