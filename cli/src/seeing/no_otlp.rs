//! What stands in for OTLP in a build without it.

use metrics::NoopRecorder;
use tracing_subscriber::layer::Identity;

use crate::failure::Failure;

/// A layer that does nothing.
pub(crate) fn layer() -> Identity {
    Identity::new()
}

/// Says that there is no OTLP in this build.
pub(crate) fn start(_: &str, _: &str) -> Result<NoopRecorder, Failure> {
    Err(Failure::usage(
        "--otlp: this build has no OpenTelemetry; one that is made with `--features otlp` has, and --listen serves \
         metrics in every build",
    ))
}

/// Has nothing to send.
pub(crate) async fn finish() {}
