//! What a running pipeline shows: metrics, health, a live page.
//!
//! ```text
//!   source, sink ──► metrics facade ──► Recorders ─┬─► OTLP ──► collector
//!                                                  ├─► Prometheus ──► /metrics
//!                                                  └─► Board ──┐
//!   Control, BatchStatus ──► Pipeline ──► Health ──► /healthz, /readyz
//!                                │                             ├──► Status ──► /status ──► page.html at /
//!   tracing (WARN, ERROR) ───────┴─────► Recent ───────────────┘
//! ```

mod board;
mod buckets;
mod connections;
mod health;
mod metric;
mod pipeline;
mod prometheus;
mod recent;
mod recorders;
mod server;
mod shards;
mod status;

#[cfg(feature = "otlp")]
pub(crate) mod otlp;
#[cfg(not(feature = "otlp"))]
#[path = "no_otlp.rs"]
pub(crate) mod otlp;

use std::net::SocketAddr;
use std::sync::Arc;

use clap::Args;
use headwater::Control;
use headwater::batch::BatchStatus;

pub(crate) use crate::seeing::recent::Recent;

use crate::context::Context;
use crate::failure::Failure;
use crate::seeing::pipeline::Pipeline;
use crate::seeing::recorders::Recorders;
use crate::seeing::server::Server;

/// The flags of commands that run for long.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Seeing")]
pub(crate) struct SeeingArgs {
    /// Serve /metrics, /healthz, /readyz and a live page there, such as 127.0.0.1:9090
    #[arg(long, value_name = "ADDR", value_parser = address)]
    pub(crate) listen: Option<SocketAddr>,
    /// Send metrics and traces by OTLP over HTTP to this collector, such as http://localhost:4318. Headers that it wants
    /// are in OTEL_EXPORTER_OTLP_HEADERS, the name to go by in OTEL_SERVICE_NAME
    #[arg(long, value_name = "URL", hide = cfg!(not(feature = "otlp")))]
    #[cfg_attr(feature = "otlp", arg(env = "OTEL_EXPORTER_OTLP_ENDPOINT", hide_env_values = true))]
    pub(crate) otlp: Option<String>,
}

/// What is shown of a pipeline. Clones show the same; without `--listen` it does nothing. What is served ends with the
/// last clone.
#[derive(Clone, Debug)]
pub(crate) struct Seeing {
    pipeline: Arc<Pipeline>,
    _server: Option<Arc<Server>>,
}

impl Seeing {
    /// Begins to collect metrics and to serve them. To be called before any source or sink is built.
    pub(crate) async fn start(args: &SeeingArgs, command: &str, context: &Context) -> Result<Self, Failure> {
        let pipeline = Arc::new(Pipeline::new(command, context));
        let mut recorders = Recorders::default();
        let server = match args.listen {
            Some(address) => Some(Server::start(address, &pipeline, &mut recorders).await?),
            None => None,
        };
        if let Some(url) = args.otlp.as_deref().filter(|url| !url.is_empty()) {
            recorders.add(otlp::start(url, command)?);
        }
        recorders.install()?;
        metric::describe();
        Ok(Self { pipeline, _server: server.map(Arc::new) })
    }

    /// Shows a source, from now on. `/readyz` is ready once all sources are.
    pub(crate) fn source(&self, stream: &str, control: Control) {
        self.pipeline.add_source(stream, control);
    }

    /// Shows a sink, from now on.
    pub(crate) fn sink(&self, stream: &str, status: BatchStatus) {
        self.pipeline.add_sink(stream, status);
    }
}

/// Reads an address to listen on.
fn address(written: &str) -> Result<SocketAddr, String> {
    written.parse().map_err(|_| {
        "an IP address and a port is right: 127.0.0.1:9090 for this machine alone, 0.0.0.0:9090 for all"
            .to_owned()
    })
}
