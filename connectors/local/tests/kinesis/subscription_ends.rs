//! How a subscription ends before its shard does.

use std::time::Duration;

use headwater_local::{Fault, Faults, LocalKinesis, Operation};
use tokio::time::{Instant, advance};

use crate::fanout::{Setup, both_ways, eager, in_process, latest, texts, trim_horizon};
use crate::{FIRST, client, code, shard_id};

async fn refused(setup: &Setup) -> String {
    code(setup.try_subscribe(FIRST, latest()).await.map(drop))
}

/// Waits until the endpoint has seen that its clients are gone.
async fn until_none_is_left(local: &LocalKinesis) {
    while local.subscription_count("orders").unwrap() > 0 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_subscription_ends_cleanly_after_five_minutes() {
    let setup = in_process(LocalKinesis::builder().stream("orders", 1).build());
    let began = Instant::now();
    let mut events = setup.subscribe(latest()).await;
    let mut count = 0;
    while let Some(event) = events.recv().await.unwrap() {
        assert!(event.records().is_empty());
        count += 1;
    }
    assert_eq!(began.elapsed(), Duration::from_mins(5));
    assert_eq!(count, 60, "one at once and one at each heartbeat, but none at the end");
    assert_eq!(setup.local.subscription_count("orders").unwrap(), 0);
    setup.subscribe(latest()).await;
}

#[tokio::test]
async fn a_subscription_ends_cleanly_after_the_time_it_is_given() {
    for setup in both_ways(1, || LocalKinesis::builder().subscription_time(Duration::from_millis(50))).await {
        setup.put("a");
        let mut events = setup.subscribe(trim_horizon()).await;
        assert_eq!(texts(&events.next().await), ["a"]);
        assert_eq!(events.recv().await.unwrap(), None);
    }
}

#[tokio::test(start_paused = true)]
async fn a_second_call_within_five_seconds_is_refused_and_a_later_one_takes_over() {
    let setup = in_process(LocalKinesis::builder().stream("orders", 2).build());
    let mut first = setup.subscribe(latest()).await;
    assert_eq!(refused(&setup).await, "ResourceInUseException");
    advance(Duration::from_millis(4_999)).await;
    assert_eq!(refused(&setup).await, "ResourceInUseException");
    first.next().await;
    advance(Duration::from_millis(1)).await;
    let mut second = setup.subscribe(latest()).await;
    let exception = first.exception().await;
    assert!(exception.is_resource_in_use_exception(), "{exception:?}");
    assert_eq!(first.recv().await.unwrap(), None);
    second.next().await;
    setup.put("a");
    assert_eq!(texts(&second.next().await), ["a"]);
    assert_eq!(setup.local.subscription_count("orders").unwrap(), 1);
    assert_eq!(
        refused(&setup).await,
        "ResourceInUseException",
        "the five seconds count from the last success"
    );
}

#[tokio::test]
async fn whoever_is_taken_over_hears_of_it_while_it_waits() {
    for setup in both_ways(1, eager).await {
        let mut first = setup.subscribe(latest()).await;
        first.next().await;
        let waiting = tokio::spawn(async move { first.exception().await });
        let mut second = setup.subscribe(latest()).await;
        let exception = waiting.await.unwrap();
        assert!(exception.is_resource_in_use_exception(), "{exception:?}");
        second.next().await;
    }
}

#[tokio::test(start_paused = true)]
async fn the_five_seconds_hold_after_the_first_subscription_is_gone_and_per_consumer_and_shard() {
    let setup = in_process(LocalKinesis::builder().stream("orders", 2).build());
    drop(setup.subscribe(latest()).await);
    assert_eq!(setup.local.subscription_count("orders").unwrap(), 0);
    assert_eq!(refused(&setup).await, "ResourceInUseException");
    setup.try_subscribe(&shard_id(1), latest()).await.expect("another shard");
    let other = setup.local.register_consumer("orders", "d").unwrap();
    let mut events = setup.subscribe_as(&other, FIRST, latest()).await.unwrap();
    advance(Duration::from_secs(5)).await;
    let _taken = setup.subscribe(latest()).await;
    events.next().await;
    setup.put("a");
    assert_eq!(events.texts().await, ["a"], "another consumer's subscription goes on");
}

#[tokio::test]
async fn only_an_active_consumer_subscribes() {
    let delay = Duration::from_mins(1);
    let builder = LocalKinesis::builder().stream("orders", 1).create_delay(delay).delete_delay(delay);
    let local = builder.build();
    let client = client(&local);
    let stream = local.stream_arn("orders").unwrap();
    let registered = client.register_stream_consumer().stream_arn(&stream).consumer_name("young").send();
    let creating = registered.await.unwrap().consumer.unwrap().consumer_arn;
    let deleting = local.register_consumer("orders", "old").unwrap();
    client.deregister_stream_consumer().consumer_arn(&deleting).send().await.unwrap();
    let unknown = deleting.replace("old", "unknown");
    for (consumer, expected) in [
        (creating, "ResourceInUseException"),
        (deleting, "ResourceInUseException"),
        (unknown, "ResourceNotFoundException"),
    ] {
        let call = client.subscribe_to_shard().consumer_arn(&consumer).shard_id(FIRST);
        let answer = call.starting_position(latest()).send().await;
        assert_eq!(code(answer.map(drop)), expected, "{consumer}");
    }
}

#[tokio::test]
async fn deregistering_a_consumer_ends_its_subscriptions() {
    for setup in both_ways(2, LocalKinesis::builder).await {
        let mut first = setup.subscribe(latest()).await;
        let mut second = setup.try_subscribe(&shard_id(1), latest()).await.unwrap();
        first.next().await;
        setup.client.deregister_stream_consumer().consumer_arn(&setup.consumer).send().await.unwrap();
        for events in [&mut first, &mut second] {
            let exception = events.exception().await;
            assert!(exception.is_resource_not_found_exception(), "{exception:?}");
        }
    }
}

#[tokio::test]
async fn deleting_a_stream_ends_its_subscriptions() {
    for setup in both_ways(1, LocalKinesis::builder).await {
        let mut events = setup.subscribe(latest()).await;
        events.next().await;
        let delete = setup.client.delete_stream().stream_name("orders").enforce_consumer_deletion(true);
        delete.send().await.unwrap();
        let exception = events.exception().await;
        assert!(exception.is_resource_not_found_exception(), "{exception:?}");
        assert_eq!(refused(&setup).await, "ResourceNotFoundException");
    }
}

#[tokio::test]
async fn a_client_that_goes_away_ends_its_subscription() {
    for setup in both_ways(1, eager).await {
        let mut events = setup.subscribe(latest()).await;
        events.next().await;
        assert_eq!(setup.local.subscription_count("orders").unwrap(), 1);
        drop(events);
        tokio::time::timeout(Duration::from_secs(5), until_none_is_left(&setup.local)).await.unwrap();
        assert_eq!(setup.local.disconnect_subscriptions("orders").unwrap(), 0);
    }
}

#[tokio::test]
async fn a_call_whose_answer_is_lost_has_subscribed_all_the_same() {
    for setup in both_ways(1, LocalKinesis::builder).await {
        setup.local.faults().set(Faults::seeded(0).add(Fault::lose_answer().on(Operation::SubscribeToShard)));
        let lost = setup.try_subscribe(FIRST, latest()).await.map(drop).unwrap_err();
        assert!(lost.as_service_error().is_none(), "{lost:?}");
        setup.local.faults().clear();
        assert_eq!(refused(&setup).await, "ResourceInUseException");
        assert_eq!(setup.local.subscription_count("orders").unwrap(), 0);
    }
}
