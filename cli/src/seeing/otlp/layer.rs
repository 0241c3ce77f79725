//! From spans of the `tracing` facade to spans of OpenTelemetry.

use std::sync::atomic::{AtomicBool, Ordering};

use opentelemetry::Context;
use opentelemetry::global::{self, BoxedSpan};
use opentelemetry::trace::{SpanBuilder, Tracer};
use tracing::{Level, Metadata};
use tracing_subscriber::filter::{LevelFilter, filter_fn};
use tracing_subscriber::{Layer, Registry};

/// What makes the spans, by its name in the traces.
const NAME: &str = "headwater";

/// Set once a command has said so, which is after logging began.
static IS_ON: AtomicBool = AtomicBool::new(false);

/// The layer that exports spans, once they are [`turn_on`]ed. Until then it costs nothing.
pub(crate) fn layer() -> impl Layer<Registry> + Send + Sync {
    let layer = tracing_opentelemetry::layer().with_tracer(Late).with_location(false).with_threads(false);
    layer.with_filter(filter_fn(is_wanted).with_max_level_hint(LevelFilter::DEBUG))
}

/// Begins to export spans, to the global provider.
pub(super) fn turn_on() {
    IS_ON.store(true, Ordering::Relaxed);
    tracing::callsite::rebuild_interest_cache();
}

/// Whether spans are exported.
pub(super) fn is_on() -> bool {
    IS_ON.load(Ordering::Relaxed)
}

/// Our own spans, and what goes wrong in them.
fn is_wanted(metadata: &Metadata<'_>) -> bool {
    is_on() && metadata.target().starts_with(NAME) && (metadata.is_span() || *metadata.level() <= Level::WARN)
}

/// Looks the tracer up for each span: when the layer is made there is none yet.
#[derive(Clone, Debug)]
struct Late;

impl Tracer for Late {
    type Span = BoxedSpan;

    fn build_with_context(&self, builder: SpanBuilder, parent: &Context) -> BoxedSpan {
        global::tracer(NAME).build_with_context(builder, parent)
    }
}
