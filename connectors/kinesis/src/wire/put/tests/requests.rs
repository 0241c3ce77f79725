//! What each format sends.

use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use aws_sdk_kinesis::config::interceptors::BeforeTransmitInterceptorContextMut;
use aws_sdk_kinesis::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_kinesis::error::BoxError;
use aws_sdk_kinesis::{Client, Config};
use aws_smithy_async::time::TimeSource;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use headwater::batch::{Batch, Entry};
use headwater_local::{ErrorCode, Fault, Faults, LocalKinesis, Operation};
use serde_json::Value;

use super::{WIRES, hostile, orders, put};
use crate::spy::{Seen, wire as spied};
use crate::{PutRecords, Wire};

/// What a request was.
#[derive(Debug)]
struct Sent {
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Sent {
    fn header(&self, name: &str) -> &str {
        let mut values = self.headers.iter().filter(|(header, _)| header == name);
        let (_, value) = values.next().unwrap_or_else(|| panic!("no {name} in {:?}", self.headers));
        assert!(values.next().is_none(), "{name} twice");
        value
    }
}

/// Returns the HTTP client of an endpoint, and where it writes down what it sends.
fn watched(local: &LocalKinesis) -> (SharedHttpClient, Arc<Mutex<Vec<Sent>>>) {
    let sent = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&sent);
    let http = spied(local, move |request| {
        let headers = request.headers().iter().map(|(name, value)| (name.to_owned(), value.to_owned()));
        let body = request.body().bytes().unwrap().to_vec();
        seen.lock().unwrap().push(Sent { headers: headers.collect(), body });
        Seen::Through
    });
    (http, sent)
}

/// Takes time and chance out of what is signed.
#[derive(Debug)]
struct Still;

impl TimeSource for Still {
    fn now(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_hours(491_628)
    }
}

impl Intercept for Still {
    fn name(&self) -> &'static str {
        "still"
    }

    fn modify_before_signing(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        context.request_mut().headers_mut().insert("amz-sdk-invocation-id", "1");
        Ok(())
    }
}

fn still(local: &LocalKinesis, http: SharedHttpClient) -> Config {
    local.kinesis_config().http_client(http).time_source(Still).interceptor(Still).build()
}

/// Sends a request in one format, and returns what was sent.
async fn sent(wire: Wire, stream: impl Fn(&LocalKinesis) -> String, batch: &Batch) -> Sent {
    let local = LocalKinesis::builder().stream("orders", 2).build();
    let (http, sent) = watched(&local);
    let client = Client::from_conf(still(&local, http));
    let mut service = PutRecords::new(client, stream(&local).parse().unwrap()).wire(wire);
    assert!(put(&mut service, batch).await.unwrap().outcomes().iter().all(Result::is_ok));
    let mut sent = std::mem::take(&mut *sent.lock().unwrap());
    assert_eq!(sent.len(), 1);
    sent.remove(0)
}

#[tokio::test(start_paused = true)]
async fn json_is_what_the_sdk_would_send() {
    let name = |_: &LocalKinesis| "orders".to_owned();
    let arn = |local: &LocalKinesis| local.stream_arn("orders").unwrap();
    for number in 0..20 {
        // Whoever sends a request again in another format writes it anew.
        let batch = hostile(number);
        let ours = [sent(Wire::Json, name, &batch).await, sent(Wire::Json, arn, &batch).await];
        let theirs = [sent(Wire::Sdk, name, &batch).await, sent(Wire::Sdk, arn, &batch).await];
        for (ours, theirs) in ours.iter().zip(&theirs) {
            let [ours, theirs] =
                [ours, theirs].map(|sent| serde_json::from_slice::<Value>(&sent.body).unwrap());
            assert_eq!(ours, theirs);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn each_format_is_declared_and_signed() {
    let batch = Batch::new(vec![Entry::new("one", "a"), Entry::new("two", "b")]);
    let mut signatures = Vec::new();
    for wire in WIRES {
        let sent = sent(wire, |_| "orders".to_owned(), &batch).await;
        let content_type = match wire {
            Wire::Json | Wire::Sdk => "application/x-amz-json-1.1",
            Wire::Cbor => "application/x-amz-cbor-1.1",
        };
        assert_eq!(sent.header("content-type"), content_type);
        assert_eq!(sent.header("content-length"), sent.body.len().to_string());
        assert_eq!(sent.header("x-amz-target"), "Kinesis_20131202.PutRecords");
        assert!(sent.header("authorization").contains("content-type;host;"), "{sent:?}");
        signatures.push((sent.header("authorization").to_owned(), sent.body));
    }
    // These two bodies are equal to the byte, so that a signature of the same body is the same.
    assert_eq!(signatures[0], signatures[2]);
    assert_ne!(signatures[0].0, signatures[1].0);
}

#[tokio::test(start_paused = true)]
async fn a_request_that_is_sent_again_is_not_written_again() {
    let local = LocalKinesis::builder().stream("orders", 1).build();
    let refused = Fault::fail_calls(ErrorCode::ServiceUnavailable).on(Operation::PutRecords).times(2);
    local.faults().set(Faults::seeded(1).add(refused));
    let service = orders(&local, Wire::Json);
    let batch = hostile(3);
    let place = service.clone().body_of(&batch).as_ptr();
    for fails in [true, true, false] {
        assert_eq!(put(&mut service.clone(), &batch.clone()).await.is_err(), fails);
        assert_eq!(service.body_of(&batch).as_ptr(), place);
    }
}

#[tokio::test(start_paused = true)]
async fn one_request_goes_to_two_streams_and_to_each_in_its_name() {
    let local = LocalKinesis::builder().stream("orders", 1).stream("copies", 1).build();
    let batch = hostile(5);
    for stream in ["orders", "copies"] {
        let mut service = PutRecords::new(local.client(), stream.parse().unwrap()).wire(Wire::Json);
        assert!(put(&mut service, &batch).await.is_ok());
        assert_eq!(local.record_count(stream).unwrap(), batch.records());
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_that_goes_through_exchanges_is_not_wrapped_again() {
    let local = LocalKinesis::builder().stream("orders", 1).build();
    let once = orders(&local, Wire::Json);
    let twice = PutRecords::new(once.client().clone(), "orders".parse().unwrap());
    let ours = |service: &PutRecords| service.client().config().interceptors().count();
    assert_eq!(ours(&once), ours(&twice));
    assert_eq!(ours(&once), local.client().config().interceptors().count() + 1);
}
