//! How calls fail, against answers that are made up here.

use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use headwater::checkpoint::{Application, CheckpointStore, Claim, WorkerId};
use headwater::{Error, ErrorKind, Position};
use tokio::time::Instant;

use crate::{DynamoDbCheckpoints, DynamoDbCheckpointsBuilder};

const LEASE_KEYS: &str = r#"{"AttributeName": "leaseKey", "KeyType": "HASH"}"#;
const COMPANION_KEYS: &str =
    r#"{"AttributeName": "part", "KeyType": "HASH"}, {"AttributeName": "name", "KeyType": "RANGE"}"#;
const DESCRIBED: &str = r#"{"Table": {"TableStatus": "ACTIVE", "KeySchema": ["#;

/// A status and a body.
type Answer = (u16, String);
/// Answers each call by its name and how often that was called before; `None` never answers.
type Script = dyn Fn(&str, usize) -> Option<Answer> + Send + Sync;

/// A service that follows a script, once its tables are described.
#[derive(Clone)]
struct Service {
    script: Arc<Script>,
    calls: Arc<Mutex<Vec<String>>>,
}

impl Service {
    fn new(script: impl Fn(&str, usize) -> Option<Answer> + Send + Sync + 'static) -> Self {
        Self { script: Arc::new(script), calls: Arc::default() }
    }

    fn count(&self, operation: &str) -> usize {
        self.calls.lock().unwrap().iter().filter(|call| *call == operation).count()
    }

    fn builder(&self) -> DynamoDbCheckpointsBuilder {
        let config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::from_static("eu-central-1"))
            .credentials_provider(SharedCredentialsProvider::new(Credentials::for_tests()))
            .http_client(self.clone())
            .build();
        DynamoDbCheckpoints::builder().sdk_config(config)
    }

    async fn announce(&self) -> Result<(), Error> {
        let store = self.builder().open().await.unwrap();
        store.announce(&application(), &WorkerId::new("worker"), 1).await
    }
}

impl HttpConnector for Service {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let target = request.headers().get("x-amz-target").unwrap();
        let operation = target.rsplit('.').next().unwrap();
        let before = self.count(operation);
        self.calls.lock().unwrap().push(operation.to_owned());
        let is_companion = str::from_utf8(request.body().bytes().unwrap()).unwrap().contains("-headwater");
        let answer = (self.script)(operation, before).or_else(|| {
            let keys = if is_companion { COMPANION_KEYS } else { LEASE_KEYS };
            (operation == "DescribeTable").then(|| (200, format!("{DESCRIBED}{keys}]}}}}")))
        });
        match answer {
            None => HttpConnectorFuture::new(std::future::pending()),
            Some((status, body)) => {
                let answer = HttpResponse::new(status.try_into().unwrap(), SdkBody::from(body));
                HttpConnectorFuture::ready(Ok(answer))
            }
        }
    }
}

impl HttpClient for Service {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl fmt::Debug for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Service").finish_non_exhaustive()
    }
}

fn application() -> Application {
    Application::new("billing", "orders")
}

fn fails(code: &str) -> Answer {
    (400, format!(r#"{{"__type": "com.amazonaws.dynamodb.v20120810#{code}", "message": "no"}}"#))
}

fn done() -> Answer {
    (200, "{}".to_owned())
}

#[tokio::test(start_paused = true)]
async fn a_throttled_call_is_made_again_a_few_times() {
    for code in ["ProvisionedThroughputExceededException", "ThrottlingException", "RequestLimitExceeded"] {
        let busy = Service::new(move |operation, before| match operation {
            "UpdateItem" if before < 4 => Some(fails(code)),
            "UpdateItem" => Some(done()),
            _ => None,
        });
        busy.announce().await.unwrap();

        let dead = Service::new(move |operation, _| (operation == "UpdateItem").then(|| fails(code)));
        let error = dead.announce().await.unwrap_err();
        assert_eq!((error.kind(), dead.count("UpdateItem")), (ErrorKind::Throttled, 6), "{error}");
        let begin = "write a row of table \"billing-headwater\" in eu-central-1: ";
        assert!(error.to_string().starts_with(begin), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_not_allowed_is_made_once_and_names_the_permission() {
    for (code, operation) in
        [("AccessDeniedException", "UpdateItem"), ("UnrecognizedClientException", "DescribeTable")]
    {
        let service = Service::new(move |called, _| (called == operation).then(|| fails(code)));
        let error = service.announce().await.unwrap_err();
        assert_eq!((error.kind(), service.count(operation)), (ErrorKind::AccessDenied, 1), "{error}");
        assert!(error.to_string().contains(&format!("allows dynamodb:{operation} are needed")), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_table_that_is_gone_is_not_found() {
    let service =
        Service::new(|operation, _| (operation == "UpdateItem").then(|| fails("ResourceNotFoundException")));
    let error = service.announce().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert!(error.to_string().contains("\"billing-headwater\""), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_call_that_never_answers_ends() {
    let silent = Service::new(|_, _| None);
    let store = silent.builder().attempt_timeout(Duration::from_secs(2)).open().await.unwrap();
    let begun = Instant::now();
    let error = store.announce(&application(), &WorkerId::new("worker"), 1).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout, "{error}");
    assert_eq!(begun.elapsed().as_secs(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_table_that_is_being_created_is_waited_for() {
    let creating = || (200, r#"{"Table": {"TableStatus": "CREATING"}}"#.to_owned());
    let slow = Service::new(move |operation, before| match (operation, before) {
        ("DescribeTable", 0) => Some(fails("ResourceNotFoundException")),
        // Another worker was first.
        ("CreateTable", _) => Some(fails("ResourceInUseException")),
        ("DescribeTable", 1..4) => Some(creating()),
        ("UpdateItem", _) => Some(done()),
        _ => None,
    });
    slow.announce().await.unwrap();
    assert_eq!((slow.count("CreateTable"), slow.count("DescribeTable")), (1, 6));

    let stuck = Service::new(move |operation, _| (operation == "DescribeTable").then(creating));
    let begun = Instant::now();
    let error = stuck.announce().await.unwrap_err();
    assert_eq!((error.kind(), begun.elapsed().as_secs()), (ErrorKind::NotReady, 60), "{error}");
    assert!(error.to_string().contains("it is CREATING after 60s"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_transaction_that_another_is_in_the_way_of_is_made_again() {
    let in_the_way = |code: &str| {
        let reasons = format!(r#"[{{"Code": "{code}"}}, {{"Code": "None"}}]"#);
        let kind = "com.amazonaws.dynamodb.v20120810#TransactionCanceledException";
        Some((400, format!(r#"{{"__type": "{kind}", "Message": "no", "CancellationReasons": {reasons}}}"#)))
    };
    let service = Service::new(move |operation, before| match (operation, before) {
        ("TransactWriteItems", 0..2) => in_the_way("TransactionConflict"),
        // The row came to be meanwhile, and is gone again.
        ("TransactWriteItems", 2) => in_the_way("ConditionalCheckFailed"),
        ("UpdateItem" | "GetItem" | "TransactWriteItems", _) => Some(done()),
        _ => None,
    });
    let store = service.builder().open().await.unwrap();
    let claim = Claim {
        application: application(),
        shard: "shardId-000000000000".into(),
        worker: WorkerId::new("worker"),
        expired: None,
        initial: Position::Beginning.into(),
    };
    assert!(store.claim(&claim).await.unwrap().is_some());
    assert_eq!((service.count("TransactWriteItems"), service.count("GetItem")), (4, 4));
}

#[tokio::test(start_paused = true)]
async fn a_long_listing_is_read_page_by_page() {
    let page = |number: usize, next: &str| {
        let shard = format!("shardId-{number:012}");
        let item = format!(
            r#"{{"leaseKey": {{"S": "{shard}"}}, "leaseCounter": {{"N": "1"}}, "checkpoint": {{"S": "LATEST"}}}}"#
        );
        Some((200, format!(r#"{{"Items": [{item}]{next}}}"#)))
    };
    let service = Service::new(move |operation, before| match (operation, before) {
        ("Scan", 0..2) => page(before, r#", "LastEvaluatedKey": {"leaseKey": {"S": "shardId-x"}}"#),
        ("Scan", 2) => page(before, ""),
        ("GetItem" | "Scan", _) => Some(done()),
        _ => None,
    });
    let store = service.builder().open().await.unwrap();
    let rows = store.list(&application()).await.unwrap();
    let shards: Vec<_> = rows.iter().map(|row| row.shard.as_str()).collect();
    assert_eq!(shards, ["shardId-000000000000", "shardId-000000000001", "shardId-000000000002"]);
    assert!(rows.iter().all(|row| row.checkpoint.position == Position::Latest && row.owner.is_none()));
}

#[tokio::test(start_paused = true)]
async fn a_row_that_was_written_between_the_readings_of_its_halves_is_listed_as_it_was_then() {
    let lease = |owner: &str, counter: u32| {
        let names = r#""leaseKey": {"S": "shardId-0"}, "checkpoint": {"S": "LATEST"}"#;
        format!(r#"{{{names}, "leaseOwner": {{"S": "{owner}"}}, "leaseCounter": {{"N": "{counter}"}}}}"#)
    };
    let note = r#"{"part": {"S": "shard/shardId-0"}, "name": {"S": "lease"}, "owner": {"S": "new"}, "token": {"N": "8"},
        "leaseCounter": {"N": "8"}}"#;
    let service = Service::new(move |operation, before| match (operation, before) {
        // Who the tables belong to.
        ("GetItem", 0) => Some(done()),
        ("Scan", 0) => Some((200, format!(r#"{{"Items": [{}]}}"#, lease("old", 7)))),
        ("Scan", 1) => Some((200, format!(r#"{{"Items": [{note}]}}"#))),
        ("GetItem", 1) => Some((200, format!(r#"{{"Item": {}}}"#, lease("new", 8)))),
        ("GetItem", 2) => Some((200, format!(r#"{{"Item": {note}}}"#))),
        _ => None,
    });
    let store = service.builder().open().await.unwrap();
    let row = store.list(&application()).await.unwrap().remove(0);
    assert_eq!((row.owner, row.version, row.token.0), (Some(WorkerId::new("new")), 8, 8));
}

#[tokio::test]
async fn settings_out_of_range_are_refused_with_the_range() {
    let builder = || DynamoDbCheckpoints::builder().region("eu-central-1");
    for (store, name) in [
        (builder().connect_timeout(Duration::ZERO), "connect_timeout"),
        (builder().attempt_timeout(Duration::from_hours(25)), "attempt_timeout"),
        (builder().operation_timeout(Duration::ZERO), "operation_timeout"),
        (builder().active_timeout(Duration::ZERO), "active_timeout"),
    ] {
        let error = store.open().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid);
        let text = error.to_string();
        assert!(text.starts_with(name) && text.ends_with("1 ms to 24 h is allowed"), "{text}");
    }
}
