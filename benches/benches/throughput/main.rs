//! `cargo bench --bench throughput`: what a record costs the client, beside a bare loop over the AWS SDK.
//!
//! ```text
//! cargo bench --bench throughput                         all of it, about three minutes
//! cargo bench --bench throughput -- --quick              one round of a tenth of the records
//! cargo bench --bench throughput -- --only source/json   the jobs whose name contains that
//! cargo bench --bench throughput -- --rounds 9           more rounds, for a busy machine
//! cargo bench --bench throughput -- --json figures.json  every figure of every round too
//! ```
//!
//! What is compared, and what is on and off, is told by the library, [`headwater_benches`].

mod args;

use clap::Parser;
use headwater_benches::{Bench, Outcome, Report, Server, serve};
use tokio::runtime::Builder;

use crate::args::Args;

fn main() -> Outcome {
    let args = Args::parse();
    if args.serve {
        return serve();
    }
    let runtime = Builder::new_multi_thread().worker_threads(args.threads()).enable_all().build()?;
    let report = runtime.block_on(run(&args))?;
    print!("{}", report.table());
    if let Some(path) = &args.json {
        std::fs::write(path, serde_json::to_vec_pretty(&report)?)?;
    }
    Ok(())
}

async fn run(args: &Args) -> Outcome<Report> {
    let server = Server::start(["--serve"])?;
    let mut bench = Bench::connect(server.endpoint(), args.settings()).await?;
    // The streams end with the server.
    let jobs = bench.run(|job| eprintln!("{job}")).await?;
    Ok(Report::new(bench.settings(), jobs))
}
