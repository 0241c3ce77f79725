//! Subscriptions that fail.

use headwater::ErrorKind;
use headwater::source::Fetch;
use headwater_local::{ErrorCode, Fault, Faults};
use metrics_util::debugging::DebuggingRecorder;
use tokio::time::{Instant, timeout};

use super::pushed::{SUBSCRIBE, Setup};
use super::*;

#[tokio::test(start_paused = true)]
async fn a_silent_subscription_is_given_up_and_replaced() {
    let setup = Setup::new(LocalKinesis::builder()).await;
    let mut reader = setup.open(BEGINNING);
    reader.page().await;
    setup.local.faults().set(Faults::seeded(1).add(Fault::stall().times(1)));
    put(&setup.local, 0..3);
    let begun = Instant::now();
    reader.until(3).await;
    assert!((30..32).contains(&begun.elapsed().as_secs()), "{:?}", begun.elapsed());
    reader.assert_read(0..3);
    assert_eq!((setup.subscriptions(), setup.subscribe_calls()), (1, 2));
}

#[tokio::test(start_paused = true)]
async fn a_subscription_that_is_never_answered_is_given_up() {
    let setup = Setup::new(LocalKinesis::builder()).await;
    setup.local.faults().set(Faults::seeded(1).add(Fault::hang().on(SUBSCRIBE).times(1)));
    put(&setup.local, 0..3);
    let mut reader = setup.open(BEGINNING);
    let begun = Instant::now();
    reader.until(3).await;
    assert!(begun.elapsed() < Duration::from_secs(12), "{:?}", begun.elapsed());
    reader.assert_read(0..3);
}

#[tokio::test(start_paused = true)]
async fn a_shard_whose_subscriptions_fail_is_polled_and_comes_back() {
    let setup = Setup::new(LocalKinesis::builder()).await;
    let fault = Fault::fail_calls(ErrorCode::InternalFailure).on(SUBSCRIBE);
    setup.local.faults().set(Faults::seeded(1).add(fault));
    let mut reader = setup.open(BEGINNING);
    for second in 0..60 {
        put(&setup.local, second..second + 1);
        reader.during(Duration::from_secs(1)).await;
    }
    reader.until(60).await;
    assert_eq!((setup.subscribe_calls(), setup.handle().polled_shards()), (3, 1));
    setup.local.faults().clear();
    reader.during(Duration::from_mins(6)).await;
    put(&setup.local, 60..61);
    reader.until(61).await;
    reader.assert_read(0..61);
    assert_eq!((setup.subscriptions(), setup.subscribe_calls()), (1, 4));
    assert_eq!(
        setup.local.counters().records_pushed(),
        2,
        "the last that was polled, as a proof, and the new one"
    );
}

#[tokio::test(start_paused = true)]
async fn a_subscription_that_another_takes_over_is_not_fought_for() {
    let setup = Setup::new(LocalKinesis::builder()).await;
    let mut one = setup.open(BEGINNING);
    let mut other = setup.open(BEGINNING);
    let begun = Instant::now();
    for number in 0..600 {
        put(&setup.local, number..number + 1);
        tokio::join!(one.during(Duration::from_secs(1)), other.during(Duration::from_secs(1)));
    }
    one.until(600).await;
    other.until(600).await;
    one.assert_read(0..600);
    other.assert_read(0..600);
    let most = 2 * begun.elapsed().as_secs() / 5;
    assert!(setup.subscribe_calls() < most, "{} calls", setup.subscribe_calls());
}

#[tokio::test(start_paused = true)]
async fn a_denied_subscription_ends_the_reading_at_once() {
    let setup = Setup::new(LocalKinesis::builder()).await;
    let fault = Fault::fail_calls(ErrorCode::AccessDenied).on(SUBSCRIBE);
    setup.local.faults().set(Faults::seeded(1).add(fault));
    let mut reader = setup.open(BEGINNING);
    reader.fetch.due().await;
    let error = reader.fetch.next().await.unwrap_err();
    assert_eq!((error.kind(), setup.subscribe_calls()), (ErrorKind::AccessDenied, 1));
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_is_deleted_is_not_found_at_once() {
    let setup = Setup::new(LocalKinesis::builder()).await;
    let mut reader = setup.open(BEGINNING);
    reader.page().await;
    setup.local.delete_stream("orders").unwrap();
    let begun = Instant::now();
    reader.fetch.due().await;
    let error = reader.fetch.next().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert!(begun.elapsed() < Duration::from_secs(1));
}

#[test]
fn subscriptions_their_ends_and_fallbacks_are_told() {
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    let told: HashMap<_, _> = metrics::with_local_recorder(&recorder, || {
        runtime.unwrap().block_on(async {
            let setup = Setup::new(LocalKinesis::builder()).await;
            let mut reader = setup.open(BEGINNING);
            reader.page().await;
            setup.local.faults().set(Faults::seeded(1).add(Fault::stall().times(1)));
            reader.during(Duration::from_mins(6)).await;
            reader.fetch.park();
            setup.local.faults().set(Faults::seeded(1).fail_calls(1.0, ErrorCode::InternalFailure));
            let _ = timeout(Duration::from_secs(30), async {
                loop {
                    reader.fetch.due().await;
                    let _ = reader.fetch.next().await;
                }
            })
            .await;
            setup.local.faults().clear();
            reader.during(Duration::from_mins(6)).await;
            super::told(&snapshotter)
        })
    });
    let of = |name: &str, label: &str| told[&(format!("headwater_source_{name}"), label.to_owned())];
    for reason in ["stalled", "expired", "parked"] {
        assert_eq!(of("resubscriptions_total", reason), 1, "{reason}");
    }
    assert_eq!((of("fallbacks_total", "orders"), of("subscriptions", "orders")), (1, 1));
    assert_eq!((of("calls_total", "SubscribeToShard"), of("calls_total", "DescribeStreamConsumer")), (7, 1));
}
