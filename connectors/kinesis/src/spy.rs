//! What goes over the wire in tests: an HTTP client that shows every request and may answer it.

use std::convert::Infallible;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use headwater_local::LocalKinesis;
use http_body::{Body, Frame};

/// What becomes of a request.
pub(crate) enum Seen {
    /// The embedded endpoint answers it.
    Through,
    Answered(Box<HttpResponse>),
    /// The embedded endpoint answers it, and only so many bytes of that arrive.
    Cut(usize),
    /// It is answered that it succeeded, and what else there is to say never comes.
    Stalled,
    /// Nobody ever answers it.
    Lost,
}

type Look = dyn Fn(&HttpRequest) -> Seen + Send + Sync;

/// The way to an embedded endpoint, and someone beside it.
struct Wire {
    look: Arc<Look>,
    local: SharedHttpClient,
}

/// Returns the client of an embedded endpoint that shows its requests to `look` first.
pub(crate) fn wire(
    local: &LocalKinesis,
    look: impl Fn(&HttpRequest) -> Seen + Send + Sync + 'static,
) -> SharedHttpClient {
    SharedHttpClient::new(Wire { look: Arc::new(look), local: local.http_client() })
}

/// Makes an answer.
pub(crate) fn answer(status: u16, date: Option<&str>, body: impl Into<String>) -> Seen {
    let mut response = HttpResponse::new(status.try_into().unwrap(), SdkBody::from(body.into()));
    if let Some(date) = date {
        response.headers_mut().insert("date", date.to_owned());
    }
    Seen::Answered(Box::new(response))
}

/// Returns the access key that a request is signed with.
pub(crate) fn access_key(request: &HttpRequest) -> String {
    let signature = request.headers().get("authorization").unwrap();
    signature.split("Credential=").nth(1).unwrap().split('/').next().unwrap().to_owned()
}

impl HttpClient for Wire {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        let local = self.local.http_connector(settings, components);
        SharedHttpConnector::new(Watched { look: Arc::clone(&self.look), local })
    }
}

struct Watched {
    look: Arc<Look>,
    local: SharedHttpConnector,
}

impl HttpConnector for Watched {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        match (self.look)(&request) {
            Seen::Through => self.local.call(request),
            Seen::Answered(answer) => HttpConnectorFuture::ready(Ok(*answer)),
            Seen::Cut(bytes) => {
                let answer = self.local.call(request);
                HttpConnectorFuture::new(async move {
                    let mut answer = answer.await?;
                    let whole = answer.take_body().bytes().unwrap_or_default().to_vec();
                    *answer.body_mut() = SdkBody::from(&whole[..bytes.min(whole.len())]);
                    Ok(answer)
                })
            }
            Seen::Stalled => {
                let body = SdkBody::from_body_1_x(Silent);
                HttpConnectorFuture::ready(Ok(HttpResponse::new(200.try_into().unwrap(), body)))
            }
            Seen::Lost => HttpConnectorFuture::new(std::future::pending()),
        }
    }
}

/// A body that never comes.
struct Silent;

impl Body for Silent {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Pending
    }
}

impl fmt::Debug for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wire").finish_non_exhaustive()
    }
}

impl fmt::Debug for Watched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watched").finish_non_exhaustive()
    }
}
