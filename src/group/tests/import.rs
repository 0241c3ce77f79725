use std::sync::Arc;

use super::{after, application, group, hold, positions, put, read_all, shard, store_positions, time};
use crate::checkpoint::{Application, ApplicationStart, CheckpointStore, MemoryCheckpoints};
use crate::group::{Export, Group, OnHeld};
use crate::source::Start;
use crate::{ErrorKind, MemoryStream, Position};

#[tokio::test(start_paused = true)]
async fn a_group_goes_on_in_another_store_where_it_stood() {
    let (stream, old, new) =
        (MemoryStream::new("orders", 2), MemoryCheckpoints::new(), MemoryCheckpoints::new());
    put(&stream, 0, 20);
    assert_eq!(read_all(&stream, &old, Start::TrimHorizon).await.len(), 20);
    let json = group(&old).export().await.unwrap().to_json().unwrap();

    let export = Export::from_json(&json).unwrap();
    let report = group(&new).import(&export, OnHeld::Refuse).await.unwrap();
    assert_eq!(report.whole().unwrap(), [shard(0), shard(1)]);
    let started = new.started(&application()).await.unwrap();
    assert_eq!(started, export.start, "it is the same start, to the millisecond");
    put(&stream, 20, 25);
    assert_eq!(read_all(&stream, &new, Start::TrimHorizon).await.len(), 5, "what was acked is not repeated");
}

#[tokio::test]
async fn another_application_begins_with_what_was_exported_and_keeps_its_own_start_and_shards() {
    let store = MemoryCheckpoints::new();
    store_positions(&store, &[after(50), Position::End]).await;
    let start = ApplicationStart { at: time(5), shards: vec![shard(0)] };
    store.start(&application(), start.clone()).await.unwrap();
    let export = group(&store).export().await.unwrap();

    let audit = Application::new("audit", "orders");
    let own = ApplicationStart { at: time(9), shards: vec![shard(9)] };
    store.start(&audit, own.clone()).await.unwrap();
    store.reset(&audit, &shard(0), None, &after(99).into()).await.unwrap();
    store.reset(&audit, &shard(9), None, &after(9).into()).await.unwrap();
    let report = Group::new(Arc::new(store.clone()), audit.clone()).import(&export, OnHeld::Refuse).await;
    assert_eq!(report.unwrap().whole().unwrap(), [shard(0), shard(1)]);
    let stored = store.list(&audit).await.unwrap();
    let stored: Vec<_> = stored.into_iter().map(|row| (row.shard, row.checkpoint.position)).collect();
    assert_eq!(stored, [(shard(0), after(50)), (shard(1), Position::End), (shard(9), after(9))]);
    assert_eq!(store.started(&audit).await.unwrap(), Some(own));
    assert_eq!(positions(&store).await, [after(50), Position::End], "the other is as it was");
}

#[tokio::test]
async fn an_import_into_shards_that_a_worker_holds_writes_nothing_unless_it_may_take_them() {
    let (old, new) = (MemoryCheckpoints::new(), MemoryCheckpoints::new());
    store_positions(&old, &[after(50), after(60)]).await;
    old.start(&application(), ApplicationStart { at: time(5), shards: vec![shard(0)] }).await.unwrap();
    let export = group(&old).export().await.unwrap();
    let lease = hold(&new, "pod-7", 1).await;

    let refused = group(&new).import(&export, OnHeld::Refuse).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Conflict);
    assert_eq!(
        refused.to_string(),
        "import checkpoints of \"billing\" on \"orders\" into \"billing\" on \"orders\": nothing was written: worker \
         pod-7 holds shardId-000000000001; stop the workers, or force it if they are dead"
    );
    assert_eq!(positions(&new).await, [Position::Beginning]);
    assert_eq!(new.started(&application()).await.unwrap(), None);

    group(&new).import(&export, OnHeld::Take).await.unwrap().whole().unwrap();
    assert_eq!(positions(&new).await, [after(50), after(60)]);
    assert_eq!(new.renew(&lease).await.unwrap_err().kind(), ErrorKind::LeaseLost);
}

#[tokio::test]
async fn checkpoints_of_another_stream_or_without_digits_are_refused_before_anything_is_written() {
    let store = MemoryCheckpoints::new();
    let elsewhere = Application::new("billing", "invoices");
    let letters = Position::After { sequence: "4x".into(), sub_sequence: None };
    for (application, position, why) in [
        (elsewhere, after(50), "the streams differ, and a sequence number means nothing in another stream"),
        (application(), letters, "shardId-000000000001: \"4x\" is no number of 1 to 129 digits"),
    ] {
        let checkpoints = [(shard(0), after(50).into()), (shard(1), position.into())].into();
        let start = Some(ApplicationStart { at: time(5), shards: vec![shard(0)] });
        let export = Export { application, start, checkpoints };
        let refused = group(&store).import(&export, OnHeld::Take).await.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::Invalid);
        assert!(refused.to_string().ends_with(why), "{refused}");
    }
    assert_eq!(positions(&store).await, []);
    assert_eq!(store.started(&application()).await.unwrap(), None);
}
