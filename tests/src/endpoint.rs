//! The address of a running server, and clients for it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use aws_config::SdkConfig;
use aws_sdk_kinesis::Client;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore, rustls_provider::CryptoMode};
use aws_smithy_runtime_api::client::http::SharedHttpClient;

use crate::dummy::config_over;
use crate::eventually::eventually;
use crate::hosted::Hosted;
use crate::process::Process;
use crate::proxy::Proxy;
use crate::server::Server;
use crate::stream::TestStream;

/// A running server. The server ends when this and what [`tls`](Self::tls) made of it are dropped.
#[derive(Debug)]
pub struct Endpoint {
    server: Server,
    url: String,
    /// The certificate that its clients trust, where it is reached over TLS
    authority: Option<String>,
    secure: Option<Secure>,
    running: Arc<Running>,
}

/// Where a server is reached over TLS, and the certificate that a client must trust for it.
#[derive(Clone, Debug)]
pub(crate) struct Secure {
    pub(crate) url: String,
    pub(crate) authority: String,
}

/// What keeps a server running: it ends when this is dropped.
#[derive(Debug)]
pub(crate) enum Running {
    /// In a process of its own
    Process(Process),
    /// In this process
    Hosted(#[expect(dead_code, reason = "held for its drop")] Hosted),
}

impl Endpoint {
    pub(crate) fn new(server: Server, url: String, running: Running) -> Self {
        Self { server, url, authority: None, secure: None, running: Arc::new(running) }
    }

    /// Adds where it is reached over TLS.
    pub(crate) fn secured(self, secure: Secure) -> Self {
        Self { secure: Some(secure), ..self }
    }

    /// The same server over TLS, where its clients speak HTTP/2.
    ///
    /// # Panics
    ///
    /// When it has no TLS: only [`Server::KinesisLocal`] has.
    pub fn tls(&self) -> Self {
        let Some(Secure { url, authority }) = self.secure.clone() else {
            panic!("{} does not speak TLS: only kinesis-local does", self.server)
        };
        let running = Arc::clone(&self.running);
        Self { server: self.server, url, authority: Some(authority), secure: self.secure.clone(), running }
    }

    /// The same server, reached by a [`Proxy`] that can be cut.
    pub async fn through_proxy(&self) -> (Self, Proxy) {
        let (scheme, authority) = self.url.split_once("://").expect("a URL has a scheme");
        let proxy = Proxy::to(authority.to_owned()).await;
        let url = format!("{scheme}://{}", proxy.authority());
        let (secure, running) = (self.secure.clone(), Arc::clone(&self.running));
        (Self { server: self.server, url, authority: self.authority.clone(), secure, running }, proxy)
    }

    /// Which server it is.
    pub fn server(&self) -> Server {
        self.server
    }

    /// Where it listens on loopback: plain HTTP, or HTTPS after [`tls`](Self::tls).
    pub fn url(&self) -> &str {
        &self.url
    }

    /// What a client of it is made from: dummy credentials, no retries, a time limit on each call.
    ///
    /// Its HTTP client belongs to the runtime that first uses it, so each test takes its own.
    pub fn sdk_config(&self) -> SdkConfig {
        config_over(&self.url, self.http_client())
    }

    fn http_client(&self) -> SharedHttpClient {
        let client = aws_smithy_http_client::Builder::new();
        let Some(authority) = &self.authority else { return client.build_http() };
        let trusted = TrustStore::empty().with_pem_certificate(authority.as_bytes());
        let context = TlsContext::builder().with_trust_store(trusted).build().expect("a context for TLS");
        client.tls_provider(Provider::Rustls(CryptoMode::AwsLc)).tls_context(context).build_https()
    }

    /// A plain client of the SDK, for the runtime of the caller. See [`sdk_config`](Self::sdk_config).
    pub fn client(&self) -> Client {
        Client::new(&self.sdk_config())
    }

    /// Makes a stream that no other test uses and waits until it is active.
    ///
    /// # Panics
    ///
    /// When it does not become active.
    pub async fn create_stream(&self, name: &str, shards: i32) -> TestStream {
        self.create_stream_with(self.client(), name, shards).await
    }

    /// Does as [`create_stream`](Self::create_stream), with the caller's client.
    pub async fn create_stream_with(&self, client: Client, name: &str, shards: i32) -> TestStream {
        TestStream::create(client, self.unique(name), shards).await
    }

    /// A stream name that no other caller in this process gets.
    pub fn unique(&self, name: &str) -> String {
        static STREAMS: AtomicU64 = AtomicU64::new(0);
        format!("{name}-{}", STREAMS.fetch_add(1, Ordering::Relaxed))
    }

    /// Blocks until it answers, on a thread of its own because the caller may be on a runtime with a paused clock.
    pub(crate) fn wait_until_it_answers(&self) {
        let answered = thread::scope(|scope| {
            let waiting = scope.spawn(|| {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
                let client = self.client();
                runtime.block_on(eventually("ListStreams is answered", async || {
                    client.list_streams().send().await.is_ok().then_some(())
                }));
                Ok::<_, std::io::Error>(())
            });
            waiting.join()
        });
        if !matches!(answered, Ok(Ok(()))) {
            const SILENT: &str = "listens but does not answer ListStreams";
            match &*self.running {
                Running::Process(process) => process.fail(SILENT),
                Running::Hosted(_) => panic!("{} {SILENT}", self.server),
            }
        }
    }
}
