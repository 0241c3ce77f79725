//! A collector of the test's own, that keeps what it is sent.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::metrics::v1::Metric;
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

/// A collector. It ends on drop.
#[derive(Debug)]
pub(super) struct Collector {
    url: String,
    received: Arc<Mutex<Received>>,
    _server: JoinSet<()>,
}

/// What a collector was sent.
#[derive(Clone, Debug, Default)]
pub(super) struct Received {
    /// The last of each name.
    pub(super) metrics: BTreeMap<String, Metric>,
    pub(super) spans: Vec<Span>,
    pub(super) resources: Vec<Resource>,
    pub(super) headers: Vec<HeaderMap>,
}

impl Collector {
    pub(super) async fn start() -> Self {
        let received = Arc::new(Mutex::new(Received::default()));
        let routes = Router::new()
            .route("/v1/metrics", post(metrics))
            .route("/v1/traces", post(traces))
            .with_state(Arc::clone(&received));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let mut server = JoinSet::new();
        server.spawn(async move { axum::serve(listener, routes).await.unwrap() });
        Self { url, received, _server: server }
    }

    pub(super) fn url(&self) -> &str {
        &self.url
    }

    pub(super) fn received(&self) -> Received {
        self.received.lock().unwrap().clone()
    }
}

impl Received {
    /// The spans of a name, in the order of their ends.
    pub(super) fn spans(&self, name: &str) -> Vec<&Span> {
        self.spans.iter().filter(|span| span.name == name).collect()
    }
}

/// Attributes as texts, by their names.
pub(super) fn texts(attributes: &[KeyValue]) -> BTreeMap<&str, String> {
    let text = |value: &Option<AnyValue>| match value.as_ref().and_then(|value| value.value.as_ref()) {
        Some(Value::StringValue(text)) => text.clone(),
        Some(Value::IntValue(number)) => number.to_string(),
        other => panic!("{other:?}"),
    };
    attributes.iter().map(|each| (&*each.key, text(&each.value))).collect()
}

type Kept = State<Arc<Mutex<Received>>>;

async fn metrics(State(received): Kept, headers: HeaderMap, body: Bytes) -> StatusCode {
    let request = ExportMetricsServiceRequest::decode(body).unwrap();
    let mut received = received.lock().unwrap();
    received.headers.push(headers);
    for of_resource in request.resource_metrics {
        received.resources.extend(of_resource.resource);
        for metric in of_resource.scope_metrics.into_iter().flat_map(|scope| scope.metrics) {
            received.metrics.insert(metric.name.clone(), metric);
        }
    }
    StatusCode::OK
}

async fn traces(State(received): Kept, headers: HeaderMap, body: Bytes) -> StatusCode {
    let request = ExportTraceServiceRequest::decode(body).unwrap();
    let mut received = received.lock().unwrap();
    received.headers.push(headers);
    for of_resource in request.resource_spans {
        received.resources.extend(of_resource.resource);
        received.spans.extend(of_resource.scope_spans.into_iter().flat_map(|scope| scope.spans));
    }
    StatusCode::OK
}
