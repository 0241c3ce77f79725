//! `headwater local`.

mod faults;
mod named_stream;

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use anstream::eprintln;
use clap::Args;
use headwater_local::{Faults, LocalKinesis, Server, ShardRates};

use crate::context::Context;
use crate::duration::duration;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::stdout;
use named_stream::NamedStream;

const EXAMPLES: &str = "\
Examples:
  headwater local --stream orders:4 --stream invoices
  headwater local --port 0 --enforce-limits > url &
  headwater local --stream orders:2 --faults seed=42,fail-entries=0.2,lose-answers=0.02
  headwater local --stream orders:2 --faults throttle=orders/shardId-000000000001,delay=0.1:200ms

Faults are KEY=VALUE, with commas between. FRACTION is from 0 to 1; @OPERATION limits a fault to one
operation, such as @PutRecords:
  seed=N                        what is drawn follows from N; 0 unless given
  fail-entries=FRACTION         entries of PutRecords fail, half of them throttled
  throttle=STREAM/SHARD[:FRACTION]   a shard refuses what is put into it
  fail-calls=FRACTION[:CODE]    calls fail with an error code, InternalFailure unless given
  lose-answers=FRACTION         calls take effect, and their connections break
  hang-answers=FRACTION         calls take effect, and are never answered
  hang=FRACTION                 calls have no effect, and are never answered
  reset=FRACTION                connections break before calls take effect
  delay=FRACTION:TIME           calls are held back
  disconnect=FRACTION           connections of fan-out break instead of an event
  stall=FRACTION                subscriptions fall silent instead of an event

Exit codes: 0 ended by SIGTERM · 1 failed · 2 wrong usage · 130 ended by Ctrl-C";

/// Runs a Kinesis endpoint on loopback, for tests
///
/// It keeps streams in memory and checks no signature. Its URL is the one line on standard output.
#[derive(Args, Clone, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct LocalArgs {
    /// The port to listen on; 0 takes any that is free
    #[arg(long, value_name = "PORT", default_value_t = 4567)]
    port: u16,
    /// The address to listen on. Any but a loopback one lets other machines in, and nobody is asked who they are
    #[arg(long, value_name = "ADDR", default_value_t = Ipv4Addr::LOCALHOST.into())]
    host: IpAddr,
    /// A stream to begin with, and how many shards it has: 1 unless given
    #[arg(long = "stream", value_name = "NAME[:SHARDS]", num_args = 1..)]
    streams: Vec<NamedStream>,
    /// What goes wrong on purpose, see below
    #[arg(long, value_name = "SPEC", value_parser = faults::parse)]
    faults: Option<Faults>,
    /// Refuse what exceeds the rates of a shard on AWS: 1,000 records and 1 MiB written, 5 reads and 2 MiB read a second
    #[arg(long)]
    enforce_limits: bool,
    /// How long records are kept
    #[arg(long, value_name = "TIME", default_value = "24h", value_parser = duration)]
    retention: Duration,
    /// The account in ARNs
    #[arg(long, value_name = "ID", default_value = "000000000000")]
    account_id: String,
}

/// Serves until somebody wants it to stop.
pub(crate) async fn run(args: LocalArgs, context: Context) -> Result<Exit, Failure> {
    let local = endpoint(&args, context.globals.region.as_deref())?;
    let server = local.bind((args.host, args.port)).await.map_err(|error| refused(&args, &error))?;
    tell(&server, &args)?;
    context.stop.asked().await;
    server.stop().await;
    Ok(context.stop.exit())
}

/// Makes the endpoint, and the streams in it.
fn endpoint(args: &LocalArgs, region: Option<&str>) -> Result<LocalKinesis, Failure> {
    let mut builder = LocalKinesis::builder().retention(args.retention).account_id(&args.account_id);
    if let Some(region) = region {
        builder = builder.region(region);
    }
    if args.enforce_limits {
        builder = builder.rates(ShardRates::aws());
    }
    if let Some(faults) = args.faults.clone() {
        builder = builder.faults(faults);
    }
    let local = builder.build();
    for stream in &args.streams {
        local
            .create_stream(&stream.name, stream.shards)
            .map_err(|error| Failure::usage(format!("--stream {stream}: {}", error.message())))?;
    }
    Ok(local)
}

/// Says why nothing listens, and what may help.
fn refused(args: &LocalArgs, error: &headwater_local::Error) -> Failure {
    let kind = std::error::Error::source(error)
        .and_then(|source| source.downcast_ref::<io::Error>())
        .map(io::Error::kind);
    let way_out = match kind {
        Some(io::ErrorKind::AddrInUse) => "; another port is right, or --port 0 for any that is free",
        Some(io::ErrorKind::PermissionDenied) => {
            "; a port above 1023 is right, or --port 0 for any that is free"
        }
        Some(io::ErrorKind::AddrNotAvailable) => "; --host takes an address of this machine",
        _ => "",
    };
    Failure::failed(format!("--port {}: {error}{way_out}", args.port))
}

/// Prints the URL for scripts, and what to do with it for people.
fn tell(server: &Server, args: &LocalArgs) -> Result<(), Failure> {
    let url = server.endpoint_url();
    stdout::print(|out| writeln!(out, "{url}"))?;
    let hint: &dyn fmt::Display = match args.streams.first() {
        Some(stream) => &format!("headwater tail {} --from horizon --endpoint-url {url}", stream.name),
        None => &format!("headwater put orders hello --codec string --create 1 --endpoint-url {url}"),
    };
    eprintln!("try: {hint}\nCtrl-C ends it, and what it holds is gone");
    if !args.host.is_loopback() {
        eprintln!("warning: --host {} lets other machines in, and nobody is asked who they are", args.host);
    }
    Ok(())
}
