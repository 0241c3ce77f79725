//! The way in over TCP.

use std::net::SocketAddr;
use std::ops::Deref;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{HeaderValue, Request, Response, StatusCode};
use http_body_util::{BodyExt, Either, Full};
use hyper::body::{Body, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

use crate::endpoint::{Endpoint, Reply};
use crate::error::{Error, ErrorCode};
use crate::format::Format;
use crate::limits;
use crate::local::LocalKinesis;
use crate::reset::ConnectionReset;
use crate::subscription::{self, EventBody};

/// How long to wait after a connection could not be accepted.
const ACCEPT_PAUSE: Duration = Duration::from_millis(10);

/// An endpoint that listens on a TCP port. Dropping it stops it and frees the port.
///
/// It speaks HTTP/1.1 without TLS, keeps connections alive and does not check signatures. It derefs to the
/// [`LocalKinesis`] that it serves.
///
/// ```
/// use headwater_local::LocalKinesis;
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let server = LocalKinesis::builder().stream("orders", 4).serve().await?;
/// let client = aws_sdk_kinesis::Client::from_conf(server.kinesis_config().build());
/// client.put_record().stream_name("orders").partition_key("k").data(b"x"[..].into()).send().await?;
/// assert_eq!(server.record_count("orders")?, 1);
/// server.stop().await;
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct Server {
    local: LocalKinesis,
    address: SocketAddr,
    /// Owns every connection; aborted on drop.
    accepting: JoinHandle<()>,
}

impl Server {
    pub(crate) async fn bind(local: LocalKinesis, address: SocketAddr) -> Result<Self, Error> {
        let failed = |source| Error::io(format!("listen on {address}: {source}"), source);
        let listener = TcpListener::bind(address).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let accepting = tokio::spawn(accept(listener, local.endpoint()));
        Ok(Self { local, address, accepting })
    }

    /// Returns the address it listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns the URL that clients take, such as `http://127.0.0.1:41235`.
    pub fn endpoint_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Returns the endpoint that it serves.
    pub fn local(&self) -> &LocalKinesis {
        &self.local
    }

    /// Returns a client configuration that connects over TCP, with the SDK's own HTTP client.
    ///
    /// Retries are as the SDK has them by default.
    pub fn kinesis_config(&self) -> aws_sdk_kinesis::config::Builder {
        self.local.base_config().endpoint_url(self.endpoint_url())
    }

    /// Returns a client that connects over TCP.
    pub fn client(&self) -> aws_sdk_kinesis::Client {
        aws_sdk_kinesis::Client::from_conf(self.kinesis_config().build())
    }

    /// Stops it, breaks its connections and returns when its port is free.
    pub async fn stop(mut self) {
        self.accepting.abort();
        // Cancelled is what it should be.
        let _ = (&mut self.accepting).await;
    }
}

impl Deref for Server {
    type Target = LocalKinesis;

    fn deref(&self) -> &LocalKinesis {
        &self.local
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, endpoint: Arc<Endpoint>) {
    let mut connections = JoinSet::new();
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                connections.spawn(serve(stream, Arc::clone(&endpoint)));
            }
            // Out of file descriptors, mostly. Connections that end give some back.
            Err(error) => {
                tracing::warn!(%error, "accept a connection");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
        while connections.try_join_next().is_some() {}
    }
}

async fn serve(stream: TcpStream, endpoint: Arc<Endpoint>) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "set TCP_NODELAY");
    }
    let service = service_fn(|request| handle(&endpoint, request));
    let mut connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(None)
        .serve_connection(TokioIo::new(stream), service);
    let Err(error) = Pin::new(&mut connection).await else { return };
    if std::error::Error::source(&error).is_some_and(<dyn std::error::Error>::is::<ConnectionReset>) {
        let stream = connection.into_parts().io.into_inner();
        // Closing without lingering makes the kernel send RST, which is what a lost connection looks like.
        if let Err(error) = stream.set_zero_linger() {
            tracing::debug!(%error, "reset a connection");
        }
    } else {
        tracing::debug!(%error, "serve a connection");
    }
}

async fn handle(
    endpoint: &Arc<Endpoint>,
    request: Request<Incoming>,
) -> Result<Response<Either<Full<Bytes>, EventBody>>, ConnectionReset> {
    let (parts, body) = request.into_parts();
    let reply = match read_body(body).await {
        Ok(Some(body)) => endpoint.call(&parts.headers, body).await,
        Ok(None) => {
            let message = format!("Request is larger than {} bytes.", limits::BODY_BYTES);
            let format = Format::of(&parts.headers).unwrap_or(Format::Json);
            Reply::refusal(&Error::new(ErrorCode::RequestEntityTooLarge, message), format)
        }
        // The client went away.
        Err(_) => Reply::Reset,
    };
    match reply {
        Reply::Answer { status, content_type, body } => {
            Ok(respond(status, content_type, Either::Left(Full::new(body))))
        }
        Reply::Events(events) => {
            Ok(respond(StatusCode::OK, subscription::CONTENT_TYPE, Either::Right(*events)))
        }
        Reply::Reset => Err(ConnectionReset),
    }
}

/// Reads a body into one buffer. `None` is one that is too large.
async fn read_body(mut body: Incoming) -> Result<Option<Bytes>, hyper::Error> {
    let announced = body.size_hint().lower();
    if announced > limits::BODY_BYTES as u64 {
        return Ok(None);
    }
    let mut buffer = BytesMut::with_capacity(announced as usize);
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame?.into_data() else { continue };
        if buffer.len() + data.len() > limits::BODY_BYTES {
            return Ok(None);
        }
        // A body that came in one piece needs no copy.
        if buffer.is_empty() && data.len() as u64 == announced {
            return Ok(Some(data));
        }
        buffer.extend_from_slice(&data);
    }
    Ok(Some(buffer.freeze()))
}

/// Dresses a body as Kinesis does.
pub(crate) fn respond<B>(status: StatusCode, content_type: &'static str, body: B) -> Response<B> {
    static REQUESTS: AtomicU64 = AtomicU64::new(1);
    let id = format!("local-{:012}", REQUESTS.fetch_add(1, Ordering::Relaxed));
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(http::header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    if let Ok(id) = HeaderValue::try_from(id) {
        headers.insert("x-amzn-requestid", id);
    }
    response
}
