use std::time::{Duration, SystemTime};

use futures::TryStreamExt;
use tokio::time::timeout;

use super::{
    after, application, config, group, hold, number, positions, put, read_all, shard, store_positions, time,
};
use crate::checkpoint::{CheckpointStore, LeaseRow, MemoryCheckpoints};
use crate::group::{OnHeld, Shards};
use crate::source::{SourceConfig, Start, Until};
use crate::{ErrorKind, MemoryStream, Position};

/// Ten numbers before a split, ten in its children, ten in the shard that they were merged into.
fn three_generations(before_the_split: impl FnOnce(&MemoryStream)) -> MemoryStream {
    let stream = MemoryStream::new("orders", 1);
    before_the_split(&stream);
    put(&stream, 0, 10);
    let [low, high] = stream.split(&shard(0)).unwrap();
    put(&stream, 10, 20);
    stream.merge(&low, &high).unwrap();
    put(&stream, 20, 30);
    stream
}

/// Checks that all three generations were read, each after the one before it.
fn assert_in_order(read: &[(crate::ShardId, usize)]) {
    let generations: Vec<_> = read.iter().map(|(_, number)| number / 10).collect();
    assert!(generations.is_sorted(), "children came before their parents: {read:?}");
    let mut numbers: Vec<_> = read.iter().map(|(_, number)| *number).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (0..30).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn a_group_that_is_reset_to_the_beginning_reads_everything_again_parents_first() {
    let (stream, store) = (three_generations(|_| {}), MemoryCheckpoints::new());
    assert_in_order(&read_all(&stream, &store, Start::TrimHorizon).await);
    assert_eq!(read_all(&stream, &store, Start::TrimHorizon).await, [], "all is done");
    assert!(matches!(positions(&store).await[..], [Position::End, Position::End, Position::End, _]));

    let reset = group(&store).reset(&Position::Beginning, Shards::All, OnHeld::Refuse).await.unwrap();
    assert_eq!(reset.whole().unwrap(), [shard(0), shard(1), shard(2), shard(3)]);
    assert_in_order(&read_all(&stream, &store, Start::TrimHorizon).await);
    assert_eq!(read_all(&stream, &store, Start::TrimHorizon).await, [], "all is done again");
}

#[tokio::test(start_paused = true)]
async fn a_group_that_started_with_the_latest_record_and_is_reset_to_the_beginning_begins_there() {
    let (stream, store) = (MemoryStream::new("orders", 2), MemoryCheckpoints::new());
    put(&stream, 0, 10);
    // The wall clock moves on between what was put and what was put later.
    let before = SystemTime::now();
    while SystemTime::now() == before {}
    assert_eq!(read_all(&stream, &store, Start::Latest).await, [], "it begins after what is there");

    group(&store).reset(&Position::Beginning, Shards::All, OnHeld::Refuse).await.unwrap().whole().unwrap();
    let mut read: Vec<_> = read_all(&stream, &store, Start::Latest).await.iter().map(|(_, n)| *n).collect();
    read.sort_unstable();
    assert_eq!(read, (0..10).collect::<Vec<_>>(), "the operator's word is later than the setting");
}

#[tokio::test(start_paused = true)]
async fn a_group_that_is_reset_to_a_time_reads_what_arrived_since() {
    let mut middle = None;
    let stream = three_generations(|stream| {
        put(stream, 100, 110);
        let now = SystemTime::now();
        while SystemTime::now() == now {}
        middle = Some(SystemTime::now());
    });
    let store = MemoryCheckpoints::new();
    assert_eq!(read_all(&stream, &store, Start::TrimHorizon).await.len(), 40);
    let to = Position::At(middle.unwrap());
    group(&store).reset(&to, Shards::All, OnHeld::Refuse).await.unwrap().whole().unwrap();
    assert_in_order(&read_all(&stream, &store, Start::TrimHorizon).await);
}

#[tokio::test(start_paused = true)]
async fn the_latest_record_is_that_of_the_reset_so_that_no_restart_jumps_over_what_came_since() {
    let (stream, store) = (MemoryStream::new("orders", 2), MemoryCheckpoints::new());
    put(&stream, 0, 10);
    assert_eq!(read_all(&stream, &store, Start::TrimHorizon).await.len(), 10);
    put(&stream, 10, 20);
    let earliest = SystemTime::now();
    while SystemTime::now() == earliest {}
    group(&store).reset(&Position::Latest, Shards::All, OnHeld::Refuse).await.unwrap().whole().unwrap();
    for position in positions(&store).await {
        assert!(position > Position::At(earliest) && position <= Position::At(SystemTime::now()));
    }
    put(&stream, 20, 30);
    let mut read: Vec<_> =
        read_all(&stream, &store, Start::TrimHorizon).await.iter().map(|(_, n)| *n).collect();
    read.sort_unstable();
    assert_eq!(read, (20..30).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn shards_of_the_first_start_without_a_checkpoint_are_reset_as_well() {
    let (stream, store) = (MemoryStream::new("orders", 3), MemoryCheckpoints::new());
    put(&stream, 0, 30);
    let source = stream.source_with(SourceConfig { max_shards: 1, ..config(&store, Start::Latest) });
    let source = source.await.unwrap();
    source.control().ready().await.unwrap();
    drop(source);
    assert_eq!(store.list(&application()).await.unwrap().len(), 1, "it read one shard at a time");

    let reset = group(&store).reset(&Position::Beginning, Shards::All, OnHeld::Take).await.unwrap();
    assert_eq!(reset.whole().unwrap().len(), 3);
    assert_eq!(positions(&store).await, [Position::Beginning, Position::Beginning, Position::Beginning]);
}

#[tokio::test]
async fn some_shards_are_reset_alone() {
    let store = MemoryCheckpoints::new();
    store_positions(&store, &[after(50), after(60), after(70)]).await;
    let some = [shard(0), shard(2)];
    let reset = group(&store).reset(&Position::At(time(0)), Shards::Only(&some), OnHeld::Refuse).await;
    assert_eq!(reset.unwrap().whole().unwrap(), some);
    assert_eq!(positions(&store).await, [Position::At(time(0)), after(60), Position::At(time(0))]);

    let reset = group(&store).reset(&after(40), Shards::Only(&[shard(1)]), OnHeld::Refuse).await;
    assert_eq!(reset.unwrap().whole().unwrap(), [shard(1)]);
    assert_eq!(positions(&store).await[1], after(40));
}

#[tokio::test]
async fn a_shard_that_a_worker_holds_is_left_alone_and_named_with_its_worker_and_the_way_out() {
    let store = MemoryCheckpoints::new();
    store_positions(&store, &[after(50), after(60), after(70)]).await;
    let leases = [hold(&store, "pod-7", 1).await, hold(&store, "pod-8", 2).await];
    let before = store.list(&application()).await.unwrap();
    let group = group(&store);

    let refused = group.reset(&Position::Beginning, Shards::All, OnHeld::Refuse).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Conflict);
    assert_eq!(
        refused.to_string(),
        "reset \"billing\" on \"orders\" to the beginning: nothing was written: worker pod-7 holds \
         shardId-000000000001, and 1 more are held; stop the workers, or force it if they are dead"
    );
    assert_eq!(store.list(&application()).await.unwrap(), before, "nothing was written");

    let free = group.reset(&Position::Beginning, Shards::Only(&[shard(0)]), OnHeld::Refuse).await.unwrap();
    assert_eq!(free.whole().unwrap(), [shard(0)], "what others hold does not matter");

    let forced = group.reset(&Position::Beginning, Shards::All, OnHeld::Take).await.unwrap();
    assert_eq!(forced.whole().unwrap().len(), 3);
    for lease in &leases {
        let error = store.commit(lease, &after(99).into()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::LeaseLost, "its worker is fenced off");
    }
    assert_eq!(positions(&store).await, [Position::Beginning, Position::Beginning, Position::Beginning]);
}

#[tokio::test]
async fn a_row_that_changed_since_it_was_listed_is_told_of_and_the_others_are_done() {
    let store = MemoryCheckpoints::new();
    store_positions(&store, &[after(50), after(60), after(70)]).await;
    let group = group(&store);
    let listed = group.rows().await.unwrap();
    hold(&store, "quick", 1).await;
    let everywhere = listed.keys().map(|shard| (shard.clone(), Position::Beginning.into()));
    let mut everywhere: Vec<_> = everywhere.collect();
    everywhere.sort_by(|(one, _), (other, _)| one.cmp(other));
    let report = group.write("reset".to_owned(), &listed, everywhere).await;

    assert_eq!(report.done, [shard(0), shard(2)]);
    let [(changed, why)] = &report.failed[..] else { panic!("one row changed: {report:?}") };
    assert_eq!((changed, why.kind()), (&shard(1), ErrorKind::Conflict));
    assert_eq!(positions(&store).await, [Position::Beginning, after(60), Position::Beginning]);
    let error = report.whole().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict);
    assert_eq!(
        error.to_string(),
        "reset: 2 of 3 shards done: not done: shardId-000000000001: its row changed since it was listed; list it again, \
         and repeat this if it is still wanted; done: shardId-000000000000, shardId-000000000002"
    );
}

#[tokio::test]
async fn a_store_that_fails_midway_leaves_a_report_of_what_was_done() {
    let store = MemoryCheckpoints::new();
    store_positions(&store, &[after(50), after(60), after(70)]).await;
    let group = group(&store);
    let listed = group.rows().await.unwrap();
    store.fail_next(1, ErrorKind::Unavailable);
    let everywhere = [0, 1, 2].map(|n| (shard(n), Position::Beginning.into()));
    let report = group.write("reset".to_owned(), &listed, everywhere).await;
    assert_eq!((report.done.len(), report.failed.len()), (2, 1));
    assert!(report.whole().unwrap_err().is_retryable());

    let again = group.reset(&Position::Beginning, Shards::All, OnHeld::Refuse).await.unwrap();
    assert_eq!(again.whole().unwrap().len(), 3, "to do it again does the rest");
    store.outage(true);
    let outage = group.reset(&Position::Beginning, Shards::All, OnHeld::Refuse).await.unwrap_err();
    assert_eq!(outage.kind(), ErrorKind::Unavailable);
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_before_anything_is_written() {
    let store = MemoryCheckpoints::new();
    let group = group(&store);
    let nobody = group.reset(&Position::Beginning, Shards::All, OnHeld::Take).await.unwrap_err();
    assert_eq!(nobody.kind(), ErrorKind::NotFound);
    assert!(nobody.to_string().ends_with("nothing is stored of it; look at the names, and the store"));

    store_positions(&store, &[after(50), after(60)]).await;
    let before: Vec<LeaseRow> = store.list(&application()).await.unwrap();
    let letters = Position::After { sequence: "4x".into(), sub_sequence: None };
    let (one, strange) = ([shard(0)], [shard(0), shard(7)]);
    for (to, shards, kind, why) in [
        (Position::End, Shards::All, ErrorKind::Invalid, "nothing is read after the end"),
        (after(4), Shards::All, ErrorKind::Invalid, "a sequence number is of one shard"),
        (letters, Shards::Only(&one), ErrorKind::Invalid, "\"4x\" is no number of 1 to 129 digits"),
        (
            Position::Beginning,
            Shards::Only(&strange),
            ErrorKind::NotFound,
            "shardId-000000000007 has no checkpoint",
        ),
    ] {
        let error = group.reset(&to, shards, OnHeld::Take).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        assert!(error.to_string().contains(why), "{error}");
    }
    assert_eq!(store.list(&application()).await.unwrap(), before);
}

#[tokio::test(start_paused = true)]
async fn a_group_that_is_reset_by_force_while_it_reads_reads_everything_again_parents_first() {
    let (stream, store) = (three_generations(|_| {}), MemoryCheckpoints::new());
    let config = SourceConfig { until: Until::Forever, ..config(&store, Start::TrimHorizon) };
    let mut source = stream.source_with(config).await.unwrap();
    let mut read = async |count: usize| {
        let mut numbers = Vec::new();
        while numbers.len() < count {
            let next = timeout(Duration::from_secs(100), source.try_next()).await;
            numbers.push(number(next.expect("no stall").unwrap().expect("it goes on for ever")));
        }
        numbers
    };
    assert_in_order(&read(30).await);
    // Until the last positions are stored.
    tokio::time::sleep(Duration::from_secs(5)).await;
    group(&store).reset(&Position::Beginning, Shards::All, OnHeld::Take).await.unwrap().whole().unwrap();
    assert_in_order(&read(30).await);
}
