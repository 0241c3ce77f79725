//! What is exported, from start to end.

use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use futures::future::join;
use metrics_exporter_otel::OpenTelemetryRecorder;
use opentelemetry::metrics::MeterProvider as _;
use opentelemetry::{KeyValue, global};
use opentelemetry_otlp::{
    ExporterBuildError, MetricExporter, SpanExporter, WithExportConfig as _, WithHttpConfig as _,
};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::metrics::SdkMeterProvider;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tokio::task::spawn_blocking;
use tokio::time::timeout;
use tracing::Span;

use crate::failure::Failure;
use crate::seeing::otlp::buckets;
use crate::seeing::otlp::collector::Collector;
use crate::seeing::otlp::layer::turn_on;

/// How long the end waits for the collector.
const PARTING: Duration = Duration::from_secs(5);

static STARTED: OnceLock<Exporters> = OnceLock::new();

/// What is exported.
#[derive(Debug)]
pub(super) struct Exporters {
    meters: SdkMeterProvider,
    traces: SdkTracerProvider,
    /// The span of the whole command, until it ends.
    command: Mutex<Option<Span>>,
}

/// Begins to export to a collector. Returns what measurements are to be told to.
///
/// How often and how much is the SDK's to say, by the variables of its specification: `OTEL_METRIC_EXPORT_INTERVAL`
/// (60 s), `OTEL_BSP_SCHEDULE_DELAY` (5 s), `OTEL_BSP_MAX_QUEUE_SIZE` (2,048 spans), `OTEL_TRACES_SAMPLER`.
pub(crate) fn start(url: &str, command: &str) -> Result<OpenTelemetryRecorder, Failure> {
    let collector = Collector::at(url)?;
    let refused = |error: ExporterBuildError| Failure::failed(format!("--otlp: {error}"));
    let metrics = MetricExporter::builder()
        .with_http()
        .with_endpoint(collector.endpoint("metrics"))
        .with_http_client(collector.clone())
        .build()
        .map_err(refused)?;
    let spans = SpanExporter::builder()
        .with_http()
        .with_endpoint(collector.endpoint("traces"))
        .with_http_client(collector)
        .build()
        .map_err(refused)?;
    let meters =
        SdkMeterProvider::builder().with_resource(resource()).with_periodic_exporter(metrics).build();
    let traces = SdkTracerProvider::builder().with_resource(resource()).with_batch_exporter(spans).build();
    global::set_tracer_provider(traces.clone());
    turn_on();
    let recorder = OpenTelemetryRecorder::new(meters.meter("headwater"));
    buckets::bound(&recorder);
    let command = tracing::info_span!("command", otel.name = format!("headwater {command}"));
    match STARTED.set(Exporters { meters, traces, command: Mutex::new(Some(command)) }) {
        Ok(()) => Ok(recorder),
        Err(_) => Err(Failure::failed("--otlp: it was started before")),
    }
}

/// Sends what was not sent, for as long as a collector may take for it.
pub(crate) async fn finish() {
    let Some(Exporters { meters, traces, command }) = STARTED.get() else { return };
    drop(command.lock().unwrap_or_else(PoisonError::into_inner).take());
    // Each waits for its thread, which waits for the runtime. What the collector refused was told.
    let traces = spawn_blocking(|| traces.shutdown_with_timeout(2 * PARTING));
    let meters = spawn_blocking(|| meters.shutdown_with_timeout(2 * PARTING));
    if timeout(PARTING, join(traces, meters)).await.is_err() {
        tracing::warn!(
            "--otlp: the collector gave no answer in {PARTING:?}; what was not sent by then is lost"
        );
    }
}

/// The span of the command, if anything is exported.
pub(super) fn command() -> Option<Span> {
    STARTED.get()?.command.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

/// Who says all this: `OTEL_SERVICE_NAME` and `OTEL_RESOURCE_ATTRIBUTES`, or else the command.
fn resource() -> Resource {
    let resource =
        Resource::builder().with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")));
    match std::env::var_os("OTEL_SERVICE_NAME") {
        Some(_) => resource.build(),
        None => resource.with_service_name("headwater").build(),
    }
}
