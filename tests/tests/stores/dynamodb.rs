//! DynamoDB: Amazon's own server for tests, and one that nobody at Amazon wrote.

use aws_config::SdkConfig;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType,
};
use headwater::checkpoint::{Application, CheckpointStore, Claim, WorkerId};
use headwater::{ErrorKind, Position};
use headwater_dynamodb::{DynamoDbCheckpoints, DynamoDbCheckpointsBuilder};
use headwater_tests::StoreServer;

use crate::PATIENCE;

/// Makes tests of functions that take a server, one on each.
macro_rules! on_each_server {
    ($($name:ident)+) => {
        mod on_dynamodb_local {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name(headwater_tests::StoreServer::DynamoDbLocal).await;
            })+
        }

        mod on_dynoxide {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name(headwater_tests::StoreServer::Dynoxide).await;
            })+
        }
    };
}
pub(crate) use on_each_server;

/// A store that any number of applications and streams may use.
pub(crate) async fn open(server: StoreServer) -> DynamoDbCheckpoints {
    patient(server.shared().sdk_config()).table_per_stream("conformance.").open().await.unwrap()
}

/// A store in the making that waits for as long as a busy machine may take.
pub(crate) fn patient(config: SdkConfig) -> DynamoDbCheckpointsBuilder {
    let builder = DynamoDbCheckpoints::builder().sdk_config(config);
    builder.attempt_timeout(PATIENCE).operation_timeout(PATIENCE)
}

/// A store whose tables are named after the application, as the KCL has it, and a client to look into them.
pub(crate) async fn like_a_kcl(server: StoreServer) -> (DynamoDbCheckpoints, Client) {
    let config = server.shared().sdk_config();
    let client = Client::new(&config);
    (patient(config).open().await.unwrap(), client)
}

/// An application that no other test has.
pub(crate) fn application(of: &str) -> Application {
    Application::new(format!("{of}-{:016x}", fastrand::u64(..)), "orders")
}

on_each_server! {
    a_table_keeps_the_leases_of_one_application_on_one_stream
    a_table_of_another_program_is_refused
    who_only_looks_makes_no_tables
    tables_are_paid_by_request_and_never_forget
    a_write_whose_answer_was_lost_is_repeated_from_the_row
}

async fn a_table_keeps_the_leases_of_one_application_on_one_stream(server: StoreServer) {
    let (store, _) = like_a_kcl(server).await;
    let orders = application("shared");
    let invoices = Application::new(orders.name.clone(), "invoices");
    store.announce(&orders, &WorkerId::new("worker"), 1).await.unwrap();

    let config = server.shared().sdk_config();
    let table = patient(config).table(&*orders.name).open().await.unwrap();
    let audit = Application::new("audit", "orders");
    let refused = [
        store.announce(&invoices, &WorkerId::new("worker"), 1).await,
        store.list(&invoices).await.map(drop),
        table.announce(&audit, &WorkerId::new("worker"), 1).await,
    ];
    for refused in refused {
        let error = refused.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid);
        let text = error.to_string();
        assert!(
            text.contains(&format!("it keeps those of {orders}; choose another with table(..)")),
            "{text}"
        );
    }
    assert!(table.list(&orders).await.unwrap().is_empty(), "the name alone makes no difference");
}

async fn a_table_of_another_program_is_refused(server: StoreServer) {
    let (store, client) = like_a_kcl(server).await;
    let application = application("foreign");
    let key = KeySchemaElement::builder().attribute_name("id").key_type(KeyType::Hash).build().unwrap();
    let id = AttributeDefinition::builder().attribute_name("id").attribute_type(ScalarAttributeType::S);
    let create =
        client.create_table().table_name(&*application.name).billing_mode(BillingMode::PayPerRequest);
    create.key_schema(key).attribute_definitions(id.build().unwrap()).send().await.unwrap();

    let error = store.announce(&application, &WorkerId::new("worker"), 1).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid);
    assert!(error.to_string().contains("its keys are not leaseKey"), "{error}");
}

async fn who_only_looks_makes_no_tables(server: StoreServer) {
    let (store, client) = like_a_kcl(server).await;
    let application = application("unused");
    assert!(store.list(&application).await.unwrap().is_empty());
    assert!(store.workers(&application).await.unwrap().is_empty());
    assert_eq!(store.started(&application).await.unwrap(), None);
    for table in [application.name.to_string(), format!("{}-headwater", application.name)] {
        assert!(client.describe_table().table_name(table).send().await.is_err());
    }
}

async fn tables_are_paid_by_request_and_never_forget(server: StoreServer) {
    let (store, client) = like_a_kcl(server).await;
    let application = application("fresh");
    let shard = "shardId-000000000000".into();
    store.reset(&application, &shard, None, &Position::Beginning.into()).await.unwrap();
    for table in [application.name.to_string(), format!("{}-headwater", application.name)] {
        let described = client.describe_table().table_name(&table).send().await.unwrap().table.unwrap();
        let billing = described.billing_mode_summary.unwrap().billing_mode;
        assert_eq!(billing, Some(BillingMode::PayPerRequest), "{table}");
        let ttl = client.describe_time_to_live().table_name(&table).send().await.unwrap();
        let ttl = ttl.time_to_live_description.and_then(|ttl| ttl.attribute_name);
        assert_eq!(ttl, None, "{table}");
    }
}

async fn a_write_whose_answer_was_lost_is_repeated_from_the_row(server: StoreServer) {
    let (store, _) = like_a_kcl(server).await;
    let claim = Claim {
        application: application("lost"),
        shard: "shardId-000000000000".into(),
        worker: WorkerId::new("worker"),
        expired: None,
        initial: Position::Beginning.into(),
    };
    let after = |sequence: &str| Position::After { sequence: sequence.into(), sub_sequence: None };
    let lease = store.claim(&claim).await.unwrap().unwrap();
    store.commit(&lease, &after("5").into()).await.unwrap();
    store.renew(&lease).await.unwrap();

    // All that the worker has is the lease from before.
    let again = store.commit(&lease, &after("5").into()).await.unwrap();
    assert_eq!((again.token, again.version), (lease.token, lease.version + 3));
    assert_eq!(again.checkpoint.position, after("5"));
    let error = store.commit(&lease, &after("4").into()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict);
    let renewed = store.renew(&lease).await.unwrap();
    assert_eq!(renewed.checkpoint.position, after("5"), "what was stored, not what the lease says");
    store.release(&lease, None).await.unwrap();
    assert_eq!(store.list(&claim.application).await.unwrap()[0].owner, None);
}
