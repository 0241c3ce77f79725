//! What takes the place of the SDK's own serializer and deserializer, for one call at a time.

use std::fmt;
use std::sync::Arc;

use aws_sdk_kinesis::config::interceptors::BeforeTransmitInterceptorContextMut;
use aws_sdk_kinesis::config::{Builder, Config, ConfigBag, Intercept, RuntimeComponents, SharedInterceptor};
use aws_sdk_kinesis::error::BoxError;
use aws_smithy_http_client::tls;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use futures::future::BoxFuture;

/// What tells the interceptor from others.
const NAME: &str = "headwater exchange";

tokio::task_local! {
    /// What the call that is made writes and reads.
    static EXCHANGE: Arc<dyn Exchange>;
}

/// Writes the request and reads the answer of one call, in place of the SDK.
pub(crate) trait Exchange: Send + Sync + 'static {
    /// Changes a request that the SDK has made, before it is signed.
    fn write(&self, request: &mut HttpRequest);

    /// Takes what it wants of an answer, and returns what the SDK is to read.
    fn read(
        self: Arc<Self>,
        response: HttpResponse,
    ) -> BoxFuture<'static, Result<HttpResponse, ConnectorError>>;
}

/// Makes a call of a client that is [exchangeable] through an exchange.
pub(crate) async fn exchanging<F: Future>(exchange: Arc<dyn Exchange>, call: F) -> F::Output {
    // On the heap: the SDK's future is large, and it is moved into that of the scope.
    EXCHANGE.scope(exchange, Box::pin(call)).await
}

/// Tells whether the calls of a client go through their exchange already.
pub(crate) fn is_exchangeable(config: &Config) -> bool {
    config.interceptors().any(|interceptor| interceptor.name() == NAME)
}

/// Has the calls of a client go through their exchange, where they have one.
pub(crate) fn exchangeable(builder: &mut Builder, http_client: Option<SharedHttpClient>) {
    let inner = http_client.unwrap_or_else(default_client);
    builder.set_http_client(Some(SharedHttpClient::new(Exchanging(inner))));
    builder.push_interceptor(SharedInterceptor::new(Writing));
}

/// Gives a client that is [exchangeable], and whose HTTP client was not the user's, connections of its own.
pub(crate) fn renew_connections(builder: &mut Builder) {
    builder.set_http_client(Some(SharedHttpClient::new(Exchanging(default_client()))));
}

/// Returns the client that the SDK would use.
fn default_client() -> SharedHttpClient {
    let provider = tls::Provider::Rustls(tls::rustls_provider::CryptoMode::AwsLc);
    aws_smithy_http_client::Builder::new().tls_provider(provider).build_https()
}

fn current() -> Option<Arc<dyn Exchange>> {
    EXCHANGE.try_with(Arc::clone).ok()
}

#[derive(Debug)]
struct Writing;

impl Intercept for Writing {
    fn name(&self) -> &'static str {
        NAME
    }

    fn modify_before_signing(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let Some(exchange) = current() {
            exchange.write(context.request_mut());
        }
        Ok(())
    }
}

#[derive(Debug)]
struct Exchanging(SharedHttpClient);

impl HttpClient for Exchanging {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &aws_smithy_runtime_api::client::runtime_components::RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(Reading(self.0.http_connector(settings, components)))
    }
}

struct Reading(SharedHttpConnector);

impl HttpConnector for Reading {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        // Called within the call of the client, whose exchange is the current one.
        match current() {
            None => self.0.call(request),
            Some(exchange) => {
                let answer = self.0.call(request);
                HttpConnectorFuture::new(async move { exchange.read(answer.await?).await })
            }
        }
    }
}

impl fmt::Debug for Reading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reading").finish_non_exhaustive()
    }
}
