//! The way in without a socket: an HTTP client for AWS SDKs that hands requests to the endpoint.

use std::io;
use std::sync::Arc;

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use http::StatusCode;
use http_body_util::BodyExt;

use crate::endpoint::{Endpoint, Reply};
use crate::reset::ConnectionReset;
use crate::server::respond;
use crate::subscription;

/// An SDK's HTTP client whose every connection ends at one endpoint.
#[derive(Clone, Debug)]
pub(crate) struct InProcess(pub(crate) Arc<Endpoint>);

impl HttpClient for InProcess {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for InProcess {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let endpoint = Arc::clone(&self.0);
        HttpConnectorFuture::new(async move { answer(&endpoint, request).await })
    }
}

async fn answer(endpoint: &Arc<Endpoint>, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
    let user_error = |error: Box<dyn std::error::Error + Send + Sync>| ConnectorError::user(error);
    let (parts, body) = request.try_into_http1x().map_err(|error| user_error(error.into()))?.into_parts();
    let body = body.collect().await.map_err(user_error)?.to_bytes();
    match endpoint.call(&parts.headers, body).await {
        Reply::Answer { status, content_type, body } => {
            let response = respond(status, content_type, SdkBody::from(body));
            HttpResponse::try_from(response).map_err(|error| user_error(error.into()))
        }
        Reply::Events(events) => {
            let body = SdkBody::from_body_1_x(events.map_err(io::Error::from));
            let response = respond(StatusCode::OK, subscription::CONTENT_TYPE, body);
            HttpResponse::try_from(response).map_err(|error| user_error(error.into()))
        }
        Reply::Reset => Err(ConnectorError::io(io::Error::from(ConnectionReset).into())),
    }
}
