//! The collector that everything is sent to.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::http::{Request, Response, Uri};
use bytes::Bytes;
use futures::FutureExt as _;
use futures::future::BoxFuture;
use hyper_rustls::HttpsConnectorBuilder;
use opentelemetry_http::hyper::HyperClient;
use opentelemetry_http::{HttpClient, HttpError};
use tokio::runtime::Handle;

use crate::failure::{Failure, chain};

/// How long an answer may take. The default of the specification.
const ANSWER: Duration = Duration::from_secs(10);

/// A collector. Clones reach the same one.
#[derive(Clone, Debug)]
pub(super) struct Collector {
    base: String,
    client: Arc<dyn HttpClient>,
    /// Exporters send from threads of their own, and connections need the runtime.
    runtime: Handle,
    /// Set once it was told that the collector does not take anything, which is told once.
    told: Arc<AtomicBool>,
}

impl Collector {
    /// The collector of an URL, which `--otlp` or the environment names.
    ///
    /// # Errors
    ///
    /// What is wrong with the URL. It is not repeated where there may be a password in it.
    pub(super) fn at(url: &str) -> Result<Self, Failure> {
        if url.contains('@') {
            return Err(Failure::usage(
                "--otlp: a user or a password has no place in the URL; OTEL_EXPORTER_OTLP_HEADERS has one for them",
            ));
        }
        let wrong = || {
            Failure::usage(format!(
                "--otlp {url}: the URL of a collector that takes OTLP over HTTP is right, such as http://localhost:4318"
            ))
        };
        let uri: Uri = url.parse().map_err(|_| wrong())?;
        let client: Arc<dyn HttpClient> = match uri.scheme_str() {
            Some("http") => Arc::new(HyperClient::with_default_connector(ANSWER, None)),
            Some("https") => {
                let roots = HttpsConnectorBuilder::new().with_native_roots();
                let roots = roots
                    .map_err(|error| Failure::failed(format!("--otlp {url}: no certificates: {error}")))?;
                Arc::new(HyperClient::new(roots.https_only().enable_http1().build(), ANSWER, None))
            }
            _ => return Err(wrong()),
        };
        let base = url.trim_end_matches('/').to_owned();
        Ok(Self { base, client, runtime: Handle::current(), told: Arc::default() })
    }

    /// Where one kind of signal goes: `metrics` or `traces`.
    pub(super) fn endpoint(&self, signal: &str) -> String {
        format!("{}/v1/{signal}", self.base)
    }
}

impl HttpClient for Collector {
    fn send_bytes<'a, 'b>(
        &'a self,
        request: Request<Bytes>,
    ) -> BoxFuture<'b, Result<Response<Bytes>, HttpError>>
    where
        'a: 'b,
        Self: 'b,
    {
        self.send(request).boxed()
    }
}

impl Collector {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let client = Arc::clone(&self.client);
        let sent = self.runtime.spawn(async move { client.send_bytes(request).await }).await;
        let answer = sent.unwrap_or_else(|ended| Err(ended.into()));
        if let Err(error) = &answer
            && !self.told.swap(true, Ordering::Relaxed)
        {
            tracing::warn!(
                "--otlp {}: {}; metrics are kept and sent later, traces are lost meanwhile",
                self.base,
                chain(&**error)
            );
        }
        answer
    }
}
