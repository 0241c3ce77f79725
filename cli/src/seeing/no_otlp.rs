//! What stands in for OTLP in a build without it.

use headwater::{Headers, Message};
use headwater_kinesis::codec::Framing;
use metrics::NoopRecorder;
use tracing::Span;
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
pub(crate) fn finish() -> std::future::Ready<()> {
    std::future::ready(())
}

/// No headers: there is no trace.
pub(crate) fn outgoing(_: &dyn Framing) -> Headers {
    Headers::new()
}

/// The message as it is, its headers too: there is no trace to go on with.
pub(crate) fn follow<T>(message: Message<T>, _: &'static str) -> (Message<T>, Span) {
    (message, Span::none())
}
