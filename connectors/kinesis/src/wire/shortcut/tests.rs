//! What is sent past the SDK, and what is left to it.

use std::sync::atomic::{AtomicU32, Ordering};

use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, future};
use aws_sdk_kinesis::Client;
use aws_sdk_kinesis::config::endpoint::{Endpoint, EndpointFuture, Params, ResolveEndpoint};
use aws_sdk_kinesis::config::retry::RetryConfig;
use aws_sdk_kinesis::config::timeout::TimeoutConfig;
use aws_sdk_kinesis::config::{Builder, IdentityCache, Intercept, StalledStreamProtectionConfig};
use aws_smithy_async::time::TimeSource;
use aws_smithy_runtime_api::client::connection::ConnectionMetadata;
use headwater::ErrorKind;
use headwater::batch::{Batch, Entry};
use headwater_local::{LocalKinesis, Operation};
use tower::{Service, ServiceExt};

use super::*;
use crate::spy::{Seen, access_key, answer, wire};
use crate::{PutRecords, Wire};

/// Hands out credentials that differ each time, and have a token.
#[derive(Debug, Default)]
struct Rotating(AtomicU32);

impl ProvideCredentials for Rotating {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        let key = format!("key-{}", self.0.fetch_add(1, Ordering::Relaxed));
        let credentials = Credentials::new(key, "secret", Some("token".to_owned()), None, "test");
        future::ProvideCredentials::ready(Ok(credentials))
    }
}

/// The time is part of a signature.
#[derive(Debug)]
struct Still;

impl TimeSource for Still {
    fn now(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_hours(491_628)
    }
}

#[derive(Debug)]
struct Idle;

impl Intercept for Idle {
    fn name(&self) -> &'static str {
        "idle"
    }
}

fn local() -> LocalKinesis {
    LocalKinesis::builder().stream("orders", 1).build()
}

/// Describes a client of which nothing is missed.
fn plain(local: &LocalKinesis) -> Builder {
    local
        .kinesis_config()
        .retry_config(RetryConfig::disabled())
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
        .timeout_config(TimeoutConfig::builder().operation_timeout(Duration::from_secs(7)).build())
}

fn service(config: Builder) -> PutRecords {
    PutRecords::new(Client::from_conf(config.build()), "orders".parse().unwrap()).wire(Wire::Json)
}

async fn put(service: &mut PutRecords) -> headwater::Result<()> {
    let batch = Batch::new(vec![Entry::new("payload", "key")]);
    let answer = service.ready().await.unwrap().call(batch).await?;
    assert!(answer.outcomes().iter().all(Result::is_ok));
    Ok(())
}

/// Has the nth request seen as it says, and all others answered. Returns what was sent besides.
fn seeing(
    local: &LocalKinesis,
    nth: usize,
    seen: impl Fn() -> Seen + Send + Sync + 'static,
) -> (PutRecords, Arc<Mutex<Vec<HttpRequest>>>) {
    let sent = Arc::new(Mutex::new(Vec::new()));
    let requests = Arc::clone(&sent);
    let http = wire(local, move |request| {
        let mut requests = requests.lock().unwrap();
        requests.push(request.try_clone().unwrap());
        if requests.len() == nth { seen() } else { Seen::Through }
    });
    let config = plain(local).http_client(http).time_source(Still);
    (service(config.credentials_provider(Rotating::default())), sent)
}

fn headers(request: &HttpRequest) -> Vec<(String, String)> {
    let headers = request.headers().iter().map(|(name, value)| (name.to_owned(), value.to_owned()));
    let mut headers: Vec<_> = headers.collect();
    headers.sort();
    headers
}

#[tokio::test(start_paused = true)]
async fn a_call_past_the_sdk_is_the_one_that_the_sdk_would_make() {
    let (mut service, sent) = seeing(&local(), 0, || Seen::Lost);
    put(&mut service).await.unwrap();
    let theirs = sent.lock().unwrap().remove(0);
    let shortcut = service.shortcut().unwrap();
    let body = Bytes::copy_from_slice(theirs.body().bytes().unwrap());
    let invocation = theirs.headers().get(INVOCATION).unwrap();
    let ours = shortcut.request(Format::Json, body, invocation).await.unwrap();
    assert_eq!(headers(&ours), headers(&theirs));
    assert_eq!((ours.method(), ours.uri()), (theirs.method(), theirs.uri()));
    assert_eq!(ours.body().bytes(), theirs.body().bytes());
}

#[tokio::test(start_paused = true)]
async fn each_call_past_the_sdk_has_a_number_and_a_body_of_its_own() {
    let (mut service, sent) = seeing(&local(), 0, || Seen::Lost);
    for _ in 0..3 {
        put(&mut service).await.unwrap();
        assert!(service.shortcut().is_some());
    }
    let sent = sent.lock().unwrap();
    let mut numbers: Vec<_> = sent.iter().map(|sent| sent.headers().get(INVOCATION).unwrap()).collect();
    numbers.sort_unstable();
    numbers.dedup();
    assert_eq!((sent.len(), numbers.len()), (3, 3));
    assert_eq!(access_key(&sent[0]), access_key(&sent[2]), "credentials are cached by the SDK");
}

#[tokio::test(start_paused = true)]
async fn what_a_call_past_the_sdk_is_refused_for_is_what_the_sdk_tells_and_it_is_sent_once() {
    let local = local();
    let throttled = || {
        let body = r#"{"__type":"ProvisionedThroughputExceededException","message":"slow down"}"#;
        answer(400, None, body)
    };
    for (seen, kind) in [
        (Box::new(throttled) as Box<dyn Fn() -> Seen + Send + Sync>, ErrorKind::Throttled),
        (Box::new(|| answer(503, None, "")), ErrorKind::Unavailable),
        (Box::new(|| answer(200, None, r#"{"Records":"none"}"#)), ErrorKind::Unavailable),
        (Box::new(|| Seen::Cut(20)), ErrorKind::Unavailable),
        (Box::new(|| Seen::Lost), ErrorKind::Timeout),
        (Box::new(|| Seen::Stalled), ErrorKind::Timeout),
    ] {
        let (mut service, sent) = seeing(&local, 2, seen);
        put(&mut service).await.unwrap();
        let late = tokio::time::timeout(Duration::from_secs(15), put(&mut service)).await;
        let error = late.expect("the limit of the client").unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        assert_eq!(sent.lock().unwrap().len(), 2, "{error}");
        assert!(service.shortcut().is_none(), "the SDK makes the next call");
        put(&mut service).await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn credentials_that_expire_between_two_calls_are_loaded_anew() {
    let local = local();
    let mut sink = crate::KinesisSink::builder("orders")
        .client(Client::from_conf(plain(&local).credentials_provider(Rotating::default()).build()))
        .connect()
        .await
        .unwrap();
    let message = || headwater::Message::keyed("payload".into(), "key");
    for _ in 0..2 {
        futures::SinkExt::send(&mut sink, message()).await.unwrap();
    }
    local.expire_access_key("key-0");
    for _ in 0..2 {
        futures::SinkExt::send(&mut sink, message()).await.unwrap();
    }
    assert_eq!(local.counters().refused(Operation::PutRecords), 1);
    assert_eq!(local.record_count("orders").unwrap(), 4);
}

#[tokio::test(start_paused = true)]
async fn a_request_that_tells_more_than_others_is_not_learnt_from() {
    let (mut service, sent) = seeing(&local(), 0, || Seen::Lost);
    put(&mut service).await.unwrap();
    let shortcut = service.shortcut().unwrap();
    let learn = |request: &HttpRequest| Shortcut::learn(request, &shortcut.connector, &shortcut.components);
    let mut request = sent.lock().unwrap().remove(0);
    assert!(learn(&request).is_some());
    for (name, value) in [
        ("x-amzn-trace-id", "Root=1-5759e988-bd862e3fe1be46a994272793"),
        (DATE, "20200131T235959Z"),
        (DATE, "soon"),
        ("authorization", "AWS4-ECDSA-P256-SHA256 Credential=key/20260131/kinesis/aws4_request, and more"),
        ("authorization", "Bearer token"),
    ] {
        let before = request.headers().get(name).map(str::to_owned);
        request.headers_mut().insert(name, value);
        assert!(learn(&request).is_none(), "{name}: {value}");
        match before {
            Some(before) => request.headers_mut().insert(name, before),
            None => request.headers_mut().remove(name),
        };
    }
    assert!(learn(&request).is_some());
}

#[tokio::test(start_paused = true)]
async fn a_client_for_which_the_sdk_does_more_is_left_to_it() {
    let local = local();
    for (config, short) in [
        (plain(&local), true),
        (plain(&local).interceptor(Idle), false),
        (plain(&local).retry_config(RetryConfig::standard()), false),
        (local.kinesis_config().retry_config(RetryConfig::disabled()), false),
    ] {
        let mut service = service(config);
        put(&mut service).await.unwrap();
        assert_eq!(service.shortcut().is_some(), short);
    }
}

/// Hands out credentials twice.
#[derive(Debug, Default)]
struct Twice(AtomicU32);

impl ProvideCredentials for Twice {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        let any = self.0.fetch_add(1, Ordering::Relaxed) < 2;
        let credentials = Credentials::new("key", "secret", None, None, "test");
        future::ProvideCredentials::ready(if any {
            Ok(credentials)
        } else {
            Err(CredentialsError::not_loaded("gone"))
        })
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_may_be_stored_is_told_so_though_the_sdk_cannot_judge_it() {
    for (seen, kind) in [
        (Box::new(|| Seen::Lost) as Box<dyn Fn() -> Seen + Send + Sync>, ErrorKind::Timeout),
        (Box::new(|| answer(503, None, "")), ErrorKind::Unavailable),
        (Box::new(|| Seen::Cut(20)), ErrorKind::Unavailable),
    ] {
        let (local, count) = (local(), AtomicU32::new(0));
        let http =
            wire(
                &local,
                move |_| {
                    if count.fetch_add(1, Ordering::Relaxed) == 1 { seen() } else { Seen::Through }
                },
            );
        let config = plain(&local).http_client(http).identity_cache(IdentityCache::no_cache());
        let mut service = service(config.credentials_provider(Twice::default()));
        put(&mut service).await.unwrap();
        let error = put(&mut service).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
    }
}

/// Names one endpoint first, and another once it is told to.
#[derive(Clone, Debug, Default)]
struct Moving(Arc<AtomicU32>);

impl ResolveEndpoint for Moving {
    fn resolve_endpoint<'a>(&'a self, _: &'a Params) -> EndpointFuture<'a> {
        let url = format!("http://place-{}.invalid", self.0.load(Ordering::Relaxed));
        EndpointFuture::ready(Ok(Endpoint::builder().url(url).build()))
    }
}

#[tokio::test(start_paused = true)]
async fn an_endpoint_that_moves_while_the_old_one_answers_is_followed_within_a_minute() {
    let (local, moving, asked) = (local(), Moving::default(), Arc::new(Mutex::new(Vec::new())));
    let uris = Arc::clone(&asked);
    let http = wire(&local, move |request| {
        uris.lock().unwrap().push(request.uri().to_owned());
        Seen::Through
    });
    let mut service = service(plain(&local).http_client(http).endpoint_resolver(moving.clone()));
    put(&mut service).await.unwrap();
    moving.0.store(1, Ordering::Relaxed);
    put(&mut service).await.unwrap();
    tokio::time::advance(Duration::from_mins(1)).await;
    put(&mut service).await.unwrap();
    put(&mut service).await.unwrap();
    let place = |nth| format!("http://place-{nth}.invalid/");
    assert_eq!(*asked.lock().unwrap(), [place(0), place(0), place(1), place(1)]);
    assert!(service.shortcut().is_some());
}

#[tokio::test(start_paused = true)]
async fn the_connection_of_a_server_that_is_unwell_is_closed_as_by_the_sdk() {
    let (local, count, closed) = (local(), AtomicU32::new(0), Arc::new(Mutex::new(Vec::new())));
    let poisoned = Arc::clone(&closed);
    let http = wire(&local, move |request| {
        let (nth, poisoned) = (count.fetch_add(1, Ordering::Relaxed), Arc::clone(&poisoned));
        let poison = move || poisoned.lock().unwrap().push(nth);
        let connection = ConnectionMetadata::builder().proxied(false).poison_fn(poison).build();
        let capture = request.extension::<CaptureSmithyConnection>();
        if let Some(capture) = capture {
            capture.set_connection_retriever(move || Some(connection.clone()));
        }
        if nth % 2 == 1 { answer(503, None, "") } else { Seen::Through }
    });
    let mut service = service(plain(&local).http_client(http));
    for _ in 0..2 {
        put(&mut service).await.unwrap();
        assert!(service.shortcut().is_some());
        put(&mut service).await.unwrap_err();
    }
    assert_eq!(*closed.lock().unwrap(), [1, 3]);
}
