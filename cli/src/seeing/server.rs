//! What is served on `--listen`.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use anstream::eprintln;
use axum::Router;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::map_response;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::failure::Failure;
use crate::seeing::board::Board;
use crate::seeing::connections;
use crate::seeing::health::Health;
use crate::seeing::pipeline::Pipeline;
use crate::seeing::prometheus;
use crate::seeing::recorders::Recorders;
use crate::seeing::status::Status;

/// The live page: one file, which loads nothing else.
const PAGE: &str = include_str!("page.html");

/// The page is its own script and style, asks its own server, and nobody may frame it.
const POLICY: &str = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// What is served. It ends on drop.
#[derive(Debug)]
pub(crate) struct Server {
    _tasks: JoinSet<()>,
}

/// What answers are made of.
#[derive(Clone, Debug)]
struct Sight {
    pipeline: Arc<Pipeline>,
    board: Board,
    prometheus: PrometheusHandle,
}

impl Server {
    /// Begins to serve, and adds the recorders that it answers from.
    pub(crate) async fn start(
        address: SocketAddr,
        pipeline: &Arc<Pipeline>,
        recorders: &mut Recorders,
    ) -> Result<Self, Failure> {
        let refused = |error| Failure::failed(format!("--listen {address}: {}", way_out(&error)));
        let listener = TcpListener::bind(address).await.map_err(refused)?;
        // With port 0 nobody knows it otherwise.
        let taken = listener.local_addr().map_err(refused)?;
        let recorder = prometheus::recorder()?;
        let sight =
            Sight { pipeline: Arc::clone(pipeline), board: Board::default(), prometheus: recorder.handle() };
        recorders.add(sight.board.clone());
        let mut tasks = JoinSet::new();
        tasks.spawn(prometheus::keep_small(sight.prometheus.clone()));
        recorders.add(recorder);
        pipeline.recent.collect();
        tasks.spawn(connections::serve(listener, routes(sight)));
        eprintln!("live page: http://{taken}/");
        Ok(Self { _tasks: tasks })
    }
}

fn way_out(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::AddrInUse => {
            "the address is in use; name another port, or port 0 for any that is free".to_owned()
        }
        io::ErrorKind::AddrNotAvailable => {
            "no address of this machine; 127.0.0.1 is for this machine alone, 0.0.0.0 for all who reach it"
                .to_owned()
        }
        io::ErrorKind::PermissionDenied => format!("{error}; a port from 1024 up needs no privilege"),
        _ => error.to_string(),
    }
}

fn routes(sight: Sight) -> Router {
    Router::new()
        .route("/", get(page))
        .route("/status", get(status))
        .route("/metrics", get(metrics))
        .route("/healthz", get(healthz))
        .route("/readyz", get(readyz))
        .layer(map_response(never_stored))
        .with_state(sight)
}

/// What is shown is true for the moment, and is what it says it is.
async fn never_stored(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

async fn page() -> Response {
    let headers =
        [(header::CONTENT_TYPE, "text/html; charset=utf-8"), (header::CONTENT_SECURITY_POLICY, POLICY)];
    (headers, PAGE).into_response()
}

async fn status(State(sight): State<Sight>) -> Response {
    let status = Status::of(&sight.pipeline, &sight.board.read());
    match serde_json::to_vec(&status) {
        Ok(json) => ([(header::CONTENT_TYPE, "application/json")], json).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}

async fn metrics(State(sight): State<Sight>) -> Response {
    sight.pipeline.tell();
    let format = [(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")];
    (format, sight.prometheus.render()).into_response()
}

/// Whether it is of use to let it run.
async fn healthz(State(sight): State<Sight>) -> Response {
    let health = Health::of(&sight.pipeline);
    let is_well = !matches!(health, Health::Failed(_));
    answer(is_well, &health)
}

/// Whether all of it runs.
async fn readyz(State(sight): State<Sight>) -> Response {
    let health = Health::of(&sight.pipeline);
    answer(health == Health::Running, &health)
}

fn answer(is_well: bool, health: &Health) -> Response {
    let code = if is_well { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let told = match health.reason() {
        "" => format!("{}\n", health.name()),
        reason => format!("{}: {reason}\n", health.name()),
    };
    (code, told).into_response()
}
