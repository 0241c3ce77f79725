//! Consumers that are found, registered, refused, taken away and deregistered.

use headwater::ErrorKind;
use headwater_local::{ErrorCode, Fault, Faults, Operation};
use tokio::time::advance;

use super::pushed::Setup;
use super::*;
use crate::KinesisSource;

#[tokio::test(start_paused = true)]
async fn a_shard_is_polled_until_its_consumer_is_active() {
    let builder = LocalKinesis::builder().create_delay(Duration::from_secs(20));
    let setup = Setup::new(builder).await;
    let mut reader = setup.open(BEGINNING);
    put(&setup.local, 0..5);
    reader.until(5).await;
    assert_eq!((setup.subscribe_calls(), setup.handle().polled_shards()), (0, 1));
    for second in 5..65 {
        put(&setup.local, second..second + 1);
        reader.during(Duration::from_secs(1)).await;
    }
    reader.until(65).await;
    reader.assert_read(0..65);
    assert_eq!((setup.subscriptions(), setup.subscribe_calls()), (1, 1));
    assert!(setup.local.counters().calls(Operation::DescribeStreamConsumer) <= 8);
}

#[tokio::test(start_paused = true)]
async fn a_consumer_that_was_taken_away_is_registered_anew() {
    let setup = Setup::new(LocalKinesis::builder()).await;
    let mut reader = setup.open(BEGINNING);
    reader.page().await;
    let first = setup.handle().consumer_arn().unwrap();
    advance(Duration::from_secs(2)).await;
    let client = setup.local.client();
    client.deregister_stream_consumer().consumer_arn(&first).send().await.unwrap();
    for second in 0..60 {
        put(&setup.local, second..second + 1);
        reader.during(Duration::from_secs(1)).await;
    }
    reader.until(60).await;
    reader.assert_read(0..60);
    assert_eq!(setup.subscriptions(), 1);
    assert_ne!(setup.handle().consumer_arn().unwrap(), first);
    assert_eq!(setup.local.counters().calls(Operation::RegisterStreamConsumer), 2);
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_has_all_the_consumers_it_may_is_polled_until_one_goes() {
    let local = LocalKinesis::builder().stream("orders", 1).build();
    let others: Vec<_> = (0..20)
        .map(|number| local.register_consumer("orders", &format!("other-{number}")).unwrap())
        .collect();
    let setup = Setup::of(local).await;
    assert_eq!(setup.handle().consumer_arn(), None);
    let mut reader = setup.open(BEGINNING);
    put(&setup.local, 0..3);
    reader.until(3).await;
    reader.during(Duration::from_mins(20)).await;
    let looks = setup.local.counters().calls(Operation::RegisterStreamConsumer);
    assert!((4..12).contains(&looks), "{looks}");
    let gone = setup.local.client().deregister_stream_consumer().consumer_arn(&others[7]);
    gone.send().await.unwrap();
    reader.during(Duration::from_mins(5)).await;
    put(&setup.local, 3..6);
    reader.until(6).await;
    reader.assert_read(0..6);
    assert_eq!(setup.subscriptions(), 1);
}

#[tokio::test(start_paused = true)]
async fn only_who_registered_a_consumer_deregisters_it_and_then_polls() {
    let first = Setup::new(LocalKinesis::builder()).await;
    let second = Setup::of(first.local.clone()).await;
    assert_eq!(second.handle().consumer_arn(), first.handle().consumer_arn());
    assert!(!second.handle().deregister().await.unwrap());
    assert_eq!(first.local.consumers("orders").unwrap().len(), 1);

    let mut reader = first.open(BEGINNING);
    reader.page().await;
    assert!(first.handle().deregister().await.unwrap());
    assert!(!first.handle().deregister().await.unwrap());
    assert!(first.local.consumers("orders").unwrap().is_empty());
    put(&first.local, 0..3);
    reader.until(3).await;
    reader.during(Duration::from_mins(10)).await;
    reader.assert_read(0..3);
    assert!(first.local.consumers("orders").unwrap().is_empty(), "it stays deregistered");
}

#[tokio::test(start_paused = true)]
async fn a_consumer_that_may_not_be_found_or_registered_fails_connect_at_once() {
    let operations = [Operation::DescribeStreamConsumer, Operation::RegisterStreamConsumer];
    for (code, kind) in
        [(ErrorCode::AccessDenied, ErrorKind::AccessDenied), (ErrorCode::Validation, ErrorKind::Invalid)]
    {
        for operation in operations {
            let local = local();
            local.faults().set(Faults::seeded(1).add(Fault::fail_calls(code).on(operation)));
            let source = KinesisSource::builder("orders").client(local.client()).fan_out("reports");
            let error = source.connect().await.unwrap_err();
            assert_eq!((error.kind(), local.counters().calls(operation)), (kind, 1));
            assert!(error.to_string().contains("consumer \"reports\" of \"orders\""), "{error}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_consumer_that_cannot_be_seen_for_a_while_fails_nothing() {
    let local = local();
    let fault = Fault::fail_calls(ErrorCode::InternalFailure).on(Operation::DescribeStreamConsumer);
    local.faults().set(Faults::seeded(1).add(fault.times(4)));
    let setup = Setup::of(local).await;
    let mut reader = setup.open(BEGINNING);
    put(&setup.local, 0..3);
    reader.during(Duration::from_mins(1)).await;
    reader.assert_read(0..3);
    assert_eq!(setup.subscriptions(), 1);
}

#[tokio::test]
async fn a_name_that_no_consumer_can_have_is_refused() {
    for name in ["", "re ports", &"n".repeat(129)] {
        let local = local();
        let source = KinesisSource::builder("orders").client(local.client()).fan_out(name);
        let error = source.connect().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid);
        assert!(error.to_string().starts_with(&format!("fan_out = \"{name}\": ")), "{error}");
        assert_eq!(local.counters().total_calls(), 0);
    }
}
