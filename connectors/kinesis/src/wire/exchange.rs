//! What takes the place of the SDK's own serializer and deserializer, for one call at a time.

use std::fmt;
use std::sync::Arc;

use aws_sdk_kinesis::config::interceptors::BeforeTransmitInterceptorContextMut;
use aws_sdk_kinesis::config::{Builder, Config, ConfigBag, Intercept, RuntimeComponents, SharedInterceptor};
use aws_sdk_kinesis::error::BoxError;
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::{Connector, tls};
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

    /// Returns what the call was answered already, where it was made past the SDK, which is to judge the answer. The request
    /// is the one that it would have sent.
    fn answered(&self, _: &HttpRequest) -> Option<Result<HttpResponse, ConnectorError>> {
        None
    }

    /// Looks at a request that is about to be sent, and at what sends it.
    fn sent(&self, _: &HttpRequest, _: &SharedHttpConnector, _: &RuntimeComponents) {}
}

/// Makes a call of a client that is [exchangeable] through an exchange.
pub(crate) async fn exchanging<F: Future>(exchange: Arc<dyn Exchange>, call: F) -> F::Output {
    // On the heap: the SDK's future is large, and it is moved into that of the scope.
    EXCHANGE.scope(exchange, Box::pin(call)).await
}

/// Tells whether the calls of a client go through their exchange already.
pub(crate) fn is_exchangeable(config: &Config) -> bool {
    config.interceptors().any(|interceptor| is_exchange(&interceptor))
}

/// Tells whether an interceptor is the one of this crate.
pub(super) fn is_exchange(interceptor: &SharedInterceptor) -> bool {
    interceptor.name() == NAME
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

/// Returns the client that the SDK would use, which goes by the proxy that the environment names.
fn default_client() -> SharedHttpClient {
    aws_smithy_http_client::Builder::new().build_with_connector_fn(|settings, components| {
        let provider = tls::Provider::Rustls(tls::rustls_provider::CryptoMode::AwsLc);
        let mut connector = Connector::builder().tls_provider(provider).proxy_config(ProxyConfig::from_env());
        connector.set_connector_settings(settings.cloned());
        connector.set_sleep_impl(components.and_then(RuntimeComponents::sleep_impl));
        connector.build()
    })
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
        let inner = self.0.http_connector(settings, components);
        if let Some(exchange) = current() {
            let reading = Reading { inner, exchange, components: components.clone() };
            return SharedHttpConnector::new(reading);
        }
        inner
    }
}

/// What sends the request of one call, for it is asked for within that call.
struct Reading {
    inner: SharedHttpConnector,
    exchange: Arc<dyn Exchange>,
    components: RuntimeComponents,
}

impl HttpConnector for Reading {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let exchange = Arc::clone(&self.exchange);
        if let Some(answered) = exchange.answered(&request) {
            return HttpConnectorFuture::new(async move { exchange.read(answered?).await });
        }
        exchange.sent(&request, &self.inner, &self.components);
        let answer = self.inner.call(request);
        HttpConnectorFuture::new(async move { exchange.read(answer.await?).await })
    }
}

impl fmt::Debug for Reading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reading").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::env;
    use std::process::Stdio;

    use aws_sdk_kinesis::Client;
    use aws_sdk_kinesis::config::retry::RetryConfig;
    use aws_sdk_kinesis::config::{BehaviorVersion, Credentials, Region};
    use headwater::batch::{Batch, Entry};
    use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
    use tokio::net::TcpListener;
    use tokio::process::Command;
    use tower::ServiceExt;

    use crate::PutRecords;

    /// Set in the process that makes a call.
    const CALLS: &str = "HEADWATER_TEST_CALLS";

    async fn call() {
        let config = aws_sdk_kinesis::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::from_static("eu-west-1"))
            .credentials_provider(Credentials::new("key", "secret", None, None, "test"))
            .retry_config(RetryConfig::disabled())
            .endpoint_url("http://kinesis.invalid");
        let service = PutRecords::new(Client::from_conf(config.build()), "orders".parse().unwrap());
        service.oneshot(Batch::new(vec![Entry::new("one", "a")])).await.unwrap_err();
    }

    /// Refuses one request, and returns how it begins.
    async fn refuse(proxy: TcpListener) -> String {
        let (mut connection, _) = proxy.accept().await.unwrap();
        let mut line = String::new();
        BufReader::new(&mut connection).read_line(&mut line).await.unwrap();
        connection.write_all(b"HTTP/1.1 400 no\r\ncontent-length: 0\r\n\r\n").await.unwrap();
        line
    }

    #[tokio::test]
    async fn the_proxy_that_the_environment_names_is_used_as_by_the_sdk() {
        if env::var_os(CALLS).is_some() {
            return call().await;
        }
        let proxy = TcpListener::bind("127.0.0.1:0").await.unwrap();
        // The environment of a process is its own, and is read once.
        let mut caller = Command::new(env::current_exe().unwrap())
            .args([
                "--exact",
                "wire::exchange::tests::the_proxy_that_the_environment_names_is_used_as_by_the_sdk",
            ])
            .env(CALLS, "yes")
            .env("HTTP_PROXY", format!("http://{}", proxy.local_addr().unwrap()))
            .env_remove("NO_PROXY")
            .env_remove("no_proxy")
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let asked = tokio::select! {
            biased;
            asked = refuse(proxy) => Some(asked),
            _ = caller.wait() => None,
        };
        assert_eq!(asked.as_deref(), Some("POST http://kinesis.invalid/ HTTP/1.1\r\n"));
        assert!(caller.wait().await.unwrap().success());
    }
}
