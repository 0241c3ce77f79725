//! Checkpoints that async-kinesis wrote, taken over.

use std::time::Duration;

use headwater::checkpoint::{Application, CheckpointStore as _, FencingToken, WorkerId};
use headwater_redis::{ImportSkipped, ImportedCheckpoints, RedisCheckpoints};
use headwater_tests::{StoreServer, checkpoint_with_async_kinesis};

use crate::redis_subject::{after, application, claim, hold, patient, patient_at, send, shard};

const FIRST: &str = "shardId-000000000000";
const SECOND: &str = "shardId-000000000001";
const THIRD: &str = "shardId-000000000002";

/// Makes a name of a checkpointer that no other test uses, with what a pattern might take for more than itself.
fn name() -> String {
    format!("consumers*[a-z]?-{}", WorkerId::unique())
}

/// What a checkpointer leaves that stored one position, gave another shard back, and only took a third.
fn steps() -> Vec<String> {
    vec![
        format!("allocate {FIRST}"),
        format!("checkpoint {FIRST} 41"),
        format!("checkpoint {FIRST} 42"),
        format!("allocate {SECOND}"),
        format!("checkpoint {SECOND} 49590338271490256608559692538361571095921575989136588898"),
        format!("deallocate {SECOND}"),
        format!("allocate {THIRD}"),
    ]
}

async fn left_by_async_kinesis(server: StoreServer) -> (RedisCheckpoints, Application, String) {
    let name = name();
    let steps = steps();
    let steps: Vec<_> = steps.iter().map(String::as_str).collect();
    checkpoint_with_async_kinesis(server.shared(), &name, &steps).await;
    // Another checkpointer, whose name begins with this one.
    let longer = format!("{name}-{FIRST}");
    checkpoint_with_async_kinesis(server.shared(), &longer, &[&format!("allocate {SECOND}")]).await;
    (patient(server.shared()).await, application("import"), name)
}

async fn imports(server: StoreServer) {
    let (store, application, name) = left_by_async_kinesis(server).await;
    let import = store.import_async_kinesis(&application, &name).ignore_owners();
    let outcome = import.run().await.unwrap();
    let long = "49590338271490256608559692538361571095921575989136588898".into();
    let second = headwater::Position::After { sequence: long, sub_sequence: None };
    let expected = ImportedCheckpoints {
        imported: vec![(shard(0), after(42).into()), (shard(1), second.into())],
        skipped: vec![(shard(2), ImportSkipped::NothingStored)],
    };
    assert_eq!(outcome, expected);

    let rows = store.list(&application).await.unwrap();
    let listed: Vec<_> = rows.iter().map(|row| (row.shard.clone(), row.checkpoint.clone())).collect();
    assert_eq!(listed, expected.imported);
    assert!(rows.iter().all(|row| row.owner.is_none() && row.token == FencingToken(0)), "{rows:?}");
    let lease = store.claim(&claim(&application, 0, "worker")).await.unwrap().expect("it is free");
    assert_eq!((lease.checkpoint, lease.token), (after(42).into(), FencingToken(1)));

    // What async-kinesis left is still there, and is not imported twice.
    let again = store.import_async_kinesis(&application, &name).ignore_owners().run().await.unwrap();
    assert_eq!(again.imported, []);
    let why: Vec<_> = again.skipped.into_iter().map(|(_, why)| why).collect();
    assert_eq!(why, [ImportSkipped::HasRow, ImportSkipped::HasRow, ImportSkipped::NothingStored]);
}

#[tokio::test]
async fn checkpoints_of_async_kinesis_are_imported() {
    imports(StoreServer::Redis).await;
}

#[tokio::test]
async fn checkpoints_of_async_kinesis_are_imported_from_every_node_of_a_cluster() {
    imports(StoreServer::RedisCluster).await;
}

#[tokio::test]
async fn a_shard_that_a_consumer_of_async_kinesis_still_reads_is_left_to_it() {
    let (store, application, name) = left_by_async_kinesis(StoreServer::Redis).await;
    let outcome =
        store.import_async_kinesis(&application, &name).session_timeout(Duration::from_hours(1)).run().await;
    let outcome = outcome.unwrap();
    let lives = || ImportSkipped::OwnerLives { owner: format!("{name}/7") };
    assert_eq!(outcome.imported.into_iter().map(|(shard, _)| shard).collect::<Vec<_>>(), [shard(1)]);
    assert_eq!(outcome.skipped, [(shard(0), lives()), (shard(2), lives())]);
    assert_eq!(store.list(&application).await.unwrap().len(), 1);

    // A session of no length is over at once.
    let dead =
        store.import_async_kinesis(&application, &name).session_timeout(Duration::ZERO).run().await.unwrap();
    assert_eq!(dead.imported, [(shard(0), after(42).into())]);
}

#[tokio::test]
async fn a_row_that_exists_is_replaced_only_on_request() {
    let (store, application, name) = left_by_async_kinesis(StoreServer::Redis).await;
    let lease = hold(&store, &application, 0).await;
    let lease = store.commit(&lease, &after(7).into()).await.unwrap();
    let import = || store.import_async_kinesis(&application, &name).ignore_owners();

    let outcome = import().run().await.unwrap();
    assert_eq!(outcome.skipped[0], (shard(0), ImportSkipped::HasRow));
    assert_eq!(store.renew(&lease).await.unwrap().checkpoint, after(7).into());

    let outcome = import().overwrite().run().await.unwrap();
    assert_eq!(outcome.imported[0], (shard(0), after(42).into()));
    let lost = store.renew(&lease).await.unwrap_err();
    assert_eq!(lost.kind(), headwater::ErrorKind::LeaseLost, "{lost}");
    assert_eq!(store.list(&application).await.unwrap()[0].checkpoint, after(42).into());
}

#[tokio::test]
async fn what_async_kinesis_did_not_write_is_skipped() {
    let url = StoreServer::Redis.shared().url();
    let (store, application, name) = (patient_at(&url).await, application("odd"), name());
    for (number, value) in
        ["7", r#"{"sequence":"LATEST"}"#, r#"{"ref":null,"ts":null,"sequence":"8"}"#].iter().enumerate()
    {
        send::<()>(&url, redis::cmd("SET").arg(format!("pyredis-{name}-{}", shard(number))).arg(value)).await;
    }
    let outcome = store.import_async_kinesis(&application, &name).run().await.unwrap();
    assert_eq!(outcome.imported, [(shard(2), after(8).into())]);
    let why: Vec<_> =
        outcome.skipped.iter().map(|(_, why)| matches!(why, ImportSkipped::Unreadable(_))).collect();
    assert_eq!(why, [true, true], "{:?}", outcome.skipped);
}
