//! Sessions that end, break and are let go of.

use headwater::source::Fetch;
use headwater_local::{FaultKind, Faults, Operation};
use tokio::time::{Instant, advance};

use super::pushed::{SUBSCRIBE, Setup};
use super::*;

const SEEDS: std::ops::Range<u64> = 1..4;

#[tokio::test(start_paused = true)]
async fn a_shard_of_an_active_consumer_is_pushed_from_its_first_record_on() {
    let setup = Setup::new(LocalKinesis::builder()).await;
    put(&setup.local, 0..5);
    let mut reader = setup.open(BEGINNING);
    reader.until(5).await;
    let begun = Instant::now();
    put(&setup.local, 5..6);
    reader.until(6).await;
    assert_eq!(begun.elapsed(), Duration::ZERO);
    reader.assert_read(0..6);
    assert_eq!(setup.local.counters().calls(Operation::GetRecords), 0);
    assert_eq!((setup.handle().subscribed_shards(), setup.handle().polled_shards()), (1, 0));
    drop(reader);
    assert_eq!((setup.subscriptions(), setup.handle().polled_shards()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn the_end_of_a_session_loses_and_repeats_nothing() {
    let setup = Setup::new(LocalKinesis::builder()).await;
    let mut reader = setup.open(BEGINNING);
    for second in 0..1_000 {
        put(&setup.local, second..second + 1);
        reader.during(Duration::from_secs(1)).await;
    }
    reader.until(1_000).await;
    reader.assert_read(0..1_000);
    assert_eq!(setup.subscribe_calls(), 4, "a session lasts for five minutes");
    assert_eq!(setup.local.counters().records_pushed(), 1_000);
}

#[tokio::test(start_paused = true)]
async fn two_hundred_disconnects_lose_and_repeat_nothing() {
    for seed in SEEDS {
        let local = local();
        let mut seldom = Arc::into_inner(polling(&local.client())).unwrap();
        seldom.pace.interval = Some(Duration::from_secs(2));
        let setup = Setup::polled(local, Arc::new(seldom)).await;
        setup.local.faults().set(Faults::seeded(seed).disconnect(0.25));
        let mut reader = setup.open(BEGINNING);
        let mut count = 0;
        let mut random = fastrand::Rng::with_seed(seed);
        while setup.local.counters().faults(FaultKind::Disconnect) < 200 {
            put(&setup.local, count..count + 3);
            count += 3;
            reader.during(Duration::from_millis(random.u64(0..8_000))).await;
        }
        reader.until(count).await;
        reader.assert_read(0..count);
        assert_eq!(setup.local.counters().refused(SUBSCRIBE), 0, "the pause of 5 s was kept");
        assert!(setup.local.counters().records_pushed() > 200, "not all was polled");
    }
}

#[tokio::test(start_paused = true)]
async fn an_idle_shard_resumes_where_its_last_event_stood() {
    let setup = Setup::new(LocalKinesis::builder().retention(Duration::from_mins(1))).await;
    put(&setup.local, 0..3);
    let mut reader = setup.open(BEGINNING);
    reader.until(3).await;
    // The record that was read last is long gone when the session ends; what stands for it is the number of the event.
    reader.during(Duration::from_mins(4)).await;
    setup.local.disconnect_subscriptions("orders").unwrap();
    reader.during(Duration::from_millis(100)).await;
    put(&setup.local, 3..4);
    reader.until(4).await;
    reader.assert_read(0..4);
}

#[tokio::test(start_paused = true)]
async fn a_shard_that_was_pushed_to_its_tip_is_polled_for_what_came_since() {
    let setup = Setup::new(LocalKinesis::builder()).await;
    let mut reader = setup.open(BEGINNING);
    reader.page().await;
    setup.local.disconnect_subscriptions("orders").unwrap();
    reader.fetch.due().await;
    assert!((1 << 20..2 << 20).contains(&reader.fetch.largest()), "{}", reader.fetch.largest());
}

#[tokio::test(start_paused = true)]
async fn what_is_parked_is_let_go_of_and_comes_again() {
    let setup = Setup::new(LocalKinesis::builder()).await;
    let mut reader = setup.open(BEGINNING);
    reader.page().await;
    for round in 0..20 {
        put(&setup.local, round * 3..round * 3 + 3);
        reader.fetch.due().await;
        reader.fetch.park();
        assert_eq!(setup.subscriptions(), 0);
        assert_eq!(reader.fetch.arrived(), None);
        if round % 4 == 0 {
            reader.during(Duration::from_secs(8)).await;
        }
    }
    reader.until(60).await;
    reader.assert_read(0..60);
    assert_eq!(setup.local.counters().refused(SUBSCRIBE), 0);
}

#[tokio::test(start_paused = true)]
async fn a_stalled_consumer_holds_one_event_at_most() {
    let setup = Setup::new(LocalKinesis::builder().event_bytes(1_000)).await;
    let mut reader = setup.open(BEGINNING);
    reader.page().await;
    let payload = "1".repeat(500);
    for _ in 0..1_000 {
        setup.local.put("orders", "key", &payload).unwrap();
        reader.fetch.due().await;
        advance(Duration::from_millis(50)).await;
    }
    assert!(reader.fetch.arrived().is_some_and(|bytes| bytes <= 1_000));
    assert!(setup.local.counters().records_pushed() <= 2);
}

#[tokio::test(start_paused = true)]
async fn the_end_of_a_shard_names_its_children() {
    let setup = Setup::new(LocalKinesis::builder()).await;
    put(&setup.local, 0..3);
    let mut reader = setup.open(BEGINNING);
    reader.page().await;
    let children = setup.local.split_shard("orders", shard(0).as_str()).unwrap();
    let end = loop {
        if let Some(end) = reader.page().await.end {
            break end;
        }
    };
    assert!(end.iter().map(|child| child.id.as_str()).eq(children.iter().map(String::as_str)));
    assert!(end.iter().all(|child| child.parents == [shard(0)]));
    reader.assert_read(0..3);
    assert_eq!(setup.local.counters().calls(Operation::GetRecords), 0, "polling would have found it too");
}

#[tokio::test(start_paused = true)]
async fn a_subscription_from_a_checkpoint_begins_after_it_and_sees_a_gap() {
    let setup = Setup::new(LocalKinesis::builder().retention(Duration::from_mins(1))).await;
    let sequences = put(&setup.local, 0..3);
    let mut reader = setup.open(after(&sequences[0]));
    reader.until(2).await;
    assert_eq!((&*reader.read, reader.gaps), (&[1, 2][..], 0));
    // As a KCL stores it: a plain record is its own part, of number 0.
    let read = Position::After { sequence: sequences[1].as_str().into(), sub_sequence: Some(0) };
    drop(reader);
    advance(Duration::from_secs(10)).await;
    let mut reader = setup.open(ReadFrom::Position(read));
    reader.until(1).await;
    assert_eq!((&*reader.read, reader.gaps), (&[2][..], 0));
    drop(reader);

    advance(Duration::from_mins(2)).await;
    put(&setup.local, 3..5);
    let mut reader = setup.open(after(&sequences[0]));
    reader.until(2).await;
    put(&setup.local, 5..6);
    reader.until(3).await;
    assert_eq!((&*reader.read, reader.gaps), (&[3, 4, 5][..], 1));
    assert_eq!(setup.local.counters().calls(Operation::GetRecords), 0);
}
