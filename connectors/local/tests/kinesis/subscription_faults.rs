//! Faults of subscriptions, as a client meets them.

use std::time::Duration;

use aws_sdk_kinesis::error::SdkError;
use headwater_local::{ErrorCode, Fault, FaultKind, Faults, LocalKinesis, Operation};
use tokio::time::{Instant, timeout};

use crate::fanout::{Events, RecvError, after, both_ways, eager, in_process, latest, texts, trim_horizon};
use crate::{FIRST, code, shard_id};

#[track_caller]
fn assert_reset(error: &RecvError) {
    assert!(matches!(error, SdkError::DispatchFailure(failure) if failure.is_io()), "{error:?}");
    let cause = format!("{error:?}");
    assert!(cause.contains("ConnectionReset"), "{cause}");
}

#[tokio::test]
async fn every_live_subscription_can_be_broken_at_once() {
    for setup in both_ways(2, eager).await {
        let mut waiting = Vec::new();
        for index in 0..2 {
            let mut events = setup.try_subscribe(&shard_id(index), latest()).await.unwrap();
            events.next().await;
            waiting.push(tokio::spawn(async move { events.failure().await }));
        }
        assert_eq!(setup.local.subscription_count("orders").unwrap(), 2);
        assert_eq!(setup.local.disconnect_subscriptions("orders").unwrap(), 2);
        for broken in waiting {
            assert_reset(&broken.await.unwrap());
        }
        assert_eq!(setup.local.subscription_count("orders").unwrap(), 0);
        assert_eq!(setup.local.disconnect_subscriptions("orders").unwrap(), 0);
        setup.subscribe(latest()).await.next().await;
    }
}

/// How many events come before the connection breaks.
async fn events_before_reset(mut events: Events) -> usize {
    for count in 0.. {
        match events.recv().await {
            Ok(event) => drop(event.expect("the subscription breaks")),
            Err(error) => {
                assert_reset(&error);
                return count;
            }
        }
    }
    unreachable!("the count has no end");
}

#[tokio::test]
async fn subscriptions_break_as_the_seed_says() {
    let mut runs = Vec::new();
    for seed in [42, 42, 43] {
        let setup = in_process(eager().stream("orders", 1).event_bytes(1).build());
        (0..200).for_each(|index| drop(setup.put(&index.to_string())));
        setup.local.faults().set(Faults::seeded(seed).disconnect(0.2));
        let mut counts = Vec::new();
        for _ in 0..10 {
            counts.push(events_before_reset(setup.subscribe(trim_horizon()).await).await);
        }
        assert_eq!(setup.local.counters().faults(FaultKind::Disconnect), 10);
        runs.push(counts);
    }
    assert_eq!(runs[0], runs[1]);
    assert_ne!(runs[0], runs[2]);
}

#[tokio::test]
async fn whoever_resumes_after_each_break_reads_every_record_once() {
    for setup in both_ways(1, || eager().event_bytes(1)).await {
        let stored: Vec<String> = (0..50).map(|index| index.to_string()).collect();
        for data in &stored {
            setup.put(data);
        }
        setup.local.faults().set(Faults::seeded(7).disconnect(0.2));
        let (mut read, mut from) = (Vec::new(), trim_horizon());
        while read.len() < stored.len() {
            let mut events = setup.subscribe(from.clone()).await;
            while let Ok(Some(event)) = events.recv().await {
                read.extend(texts(&event));
                from = after(event.continuation_sequence_number());
                if event.millis_behind_latest() == 0 {
                    break;
                }
            }
        }
        assert_eq!(read, stored);
        assert!(setup.local.counters().faults(FaultKind::Disconnect) > 0);
    }
}

#[tokio::test]
async fn a_fault_can_leave_the_first_events_alone_and_other_shards() {
    for setup in both_ways(2, || eager().event_bytes(1)).await {
        for index in 0..5 {
            setup.local.put_at("orders", "k", 0, index.to_string()).unwrap();
        }
        let fault = Fault::disconnect().in_shard("orders", FIRST).skip(3).times(1);
        setup.local.faults().set(Faults::seeded(0).add(fault));
        setup.try_subscribe(&shard_id(1), latest()).await.unwrap().next().await;
        let events = setup.subscribe(trim_horizon()).await;
        assert_eq!(events_before_reset(events).await, 3);
        assert_eq!(setup.local.counters().faults(FaultKind::Disconnect), 1);
        assert_eq!(setup.local.counters().records_pushed(), 3);
    }
}

#[tokio::test(start_paused = true)]
async fn a_stalled_subscription_gives_nothing_more_and_does_not_end() {
    let setup = in_process(LocalKinesis::builder().stream("orders", 1).build());
    let mut events = setup.subscribe(latest()).await;
    events.next().await;
    setup.local.faults().set(Faults::seeded(0).stall(1.0));
    setup.put("a");
    let began = Instant::now();
    let silence = timeout(Duration::from_mins(10), events.recv()).await;
    assert!(silence.is_err(), "{silence:?}");
    assert_eq!(began.elapsed(), Duration::from_mins(10));
    assert_eq!(setup.local.counters().faults(FaultKind::Stall), 1);
    assert_eq!(setup.local.subscription_count("orders").unwrap(), 1);

    setup.local.faults().clear();
    setup.local.disconnect_subscriptions("orders").unwrap();
    assert_reset(&events.failure().await);
    let mut events = setup.subscribe(trim_horizon()).await;
    assert_eq!(texts(&events.next().await), ["a"]);
}

#[tokio::test]
async fn a_stalled_subscription_is_taken_over_without_a_word() {
    for setup in both_ways(1, eager).await {
        setup.put("a");
        let fault = Fault::stall().times(1);
        setup.local.faults().set(Faults::seeded(0).add(fault));
        let mut silent = setup.subscribe(trim_horizon()).await;
        let waiting = tokio::spawn(async move { silent.recv().await.map(drop) });
        while setup.local.counters().faults(FaultKind::Stall) == 0 {
            tokio::task::yield_now().await;
        }
        let mut events = setup.subscribe(trim_horizon()).await;
        assert_eq!(texts(&events.next().await), ["a"]);
        assert!(!waiting.is_finished());
        waiting.abort();
    }
}

#[tokio::test]
async fn calls_that_subscribe_fail_as_others_do() {
    for setup in both_ways(1, eager).await {
        let fault = Fault::fail_calls(ErrorCode::LimitExceeded).in_shard("orders", FIRST).times(1);
        setup.local.faults().set(Faults::seeded(0).add(fault.on(Operation::SubscribeToShard)));
        let refused = setup.try_subscribe(FIRST, latest()).await;
        assert_eq!(code(refused.map(drop)), "LimitExceededException");
        setup.subscribe(latest()).await.next().await;
        setup.local.faults().set(Faults::seeded(0).reset(1.0));
        let reset = setup.try_subscribe(FIRST, latest()).await.map(drop).unwrap_err();
        assert!(matches!(&reset, SdkError::DispatchFailure(failure) if failure.is_io()), "{reset:?}");
        assert_eq!(setup.local.counters().refused(Operation::SubscribeToShard), 1);
    }
}
