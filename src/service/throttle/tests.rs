use std::future::{Ready, ready};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use futures::future::join_all;
use futures::stream::{FuturesUnordered, StreamExt as _};
use futures::{FutureExt as _, poll};
use proptest::prelude::*;
use tokio::time::Instant;
use tower::{Layer, Service, ServiceExt};

use crate::service::{Limit, Throttle, ThrottleConfig, ThrottleLayer, Weighted};
use crate::{Error, Result};

#[derive(Clone, Copy, Debug)]
struct Load {
    records: u64,
    bytes: u64,
}

impl Weighted for Load {
    fn records(&self) -> u64 {
        self.records
    }

    fn bytes(&self) -> u64 {
        self.bytes
    }
}

fn records(records: u64) -> Load {
    Load { records, bytes: 0 }
}

/// Notes when each request came.
#[derive(Clone)]
struct Recorder {
    started: Instant,
    arrivals: Arc<Mutex<Vec<(Duration, u64)>>>,
}

impl Recorder {
    fn new() -> Self {
        Self { started: Instant::now(), arrivals: Arc::default() }
    }

    fn arrivals(&self) -> Vec<(Duration, u64)> {
        self.arrivals.lock().unwrap().clone()
    }
}

impl Service<Load> for Recorder {
    type Response = ();
    type Error = Error;
    type Future = Ready<Result<()>>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, load: Load) -> Self::Future {
        self.arrivals.lock().unwrap().push((self.started.elapsed(), load.records));
        ready(Ok(()))
    }
}

fn throttled(config: ThrottleConfig) -> (Throttle<Recorder>, Recorder) {
    let recorder = Recorder::new();
    (ThrottleLayer::new(config).layer(recorder.clone()), recorder)
}

fn per_second(units: u64) -> Limit {
    Limit::per_second(units).unwrap()
}

const fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

#[tokio::test(start_paused = true)]
async fn a_burst_of_one_second_passes_and_the_rate_holds_from_then_on() {
    let (service, recorder) = throttled(ThrottleConfig::default().records(per_second(10)));
    join_all((0..30).map(|_| service.clone().oneshot(records(1)))).await;
    let times: Vec<_> = recorder.arrivals().into_iter().map(|(at, _)| at).collect();
    assert!(times[..10].iter().all(Duration::is_zero), "{times:?}");
    let expected: Vec<_> = (1..=20).map(|n| millis(100 * n)).collect();
    assert_eq!(times[10..], expected);
}

#[tokio::test(start_paused = true)]
async fn bytes_and_records_are_both_waited_for() {
    let config = ThrottleConfig::default().records(per_second(1_000)).bytes(per_second(100));
    let (service, recorder) = throttled(config);
    for _ in 0..3 {
        service.clone().oneshot(Load { records: 1, bytes: 100 }).await.unwrap();
    }
    let times: Vec<_> = recorder.arrivals().into_iter().map(|(at, _)| at).collect();
    assert_eq!(times, [millis(0), millis(1_000), millis(2_000)]);
}

#[tokio::test(start_paused = true)]
async fn a_request_heavier_than_the_burst_passes_when_the_bucket_is_full_and_leaves_a_debt() {
    let (service, recorder) = throttled(ThrottleConfig::default().records(per_second(10)));
    service.clone().oneshot(records(5)).await.unwrap();
    service.clone().oneshot(records(100)).await.unwrap();
    service.clone().oneshot(records(1)).await.unwrap();
    let times: Vec<_> = recorder.arrivals().into_iter().map(|(at, _)| at).collect();
    assert_eq!(times, [millis(0), millis(500), millis(500 + 9_100)]);
}

#[tokio::test(start_paused = true)]
async fn a_light_request_does_not_overtake_a_heavy_one_that_waits() {
    let (service, recorder) = throttled(ThrottleConfig::default().records(per_second(10)));
    let loads = [10, 9, 1, 1];
    let mut calls: FuturesUnordered<_> =
        loads.into_iter().map(|load| service.clone().oneshot(records(load)).boxed()).collect();
    while let Some(answer) = calls.next().await {
        answer.unwrap();
    }
    let order: Vec<_> = recorder.arrivals().into_iter().map(|(_, load)| load).collect();
    assert_eq!(order, loads);
}

#[tokio::test(start_paused = true)]
async fn a_call_dropped_while_it_waits_uses_up_nothing_and_lets_the_next_one_pass() {
    let (service, recorder) = throttled(ThrottleConfig::default().records(per_second(10)));
    service.clone().oneshot(records(10)).await.unwrap();
    let mut dropped = Box::pin(service.clone().oneshot(records(10)));
    let mut next = Box::pin(service.clone().oneshot(records(1)));
    assert!(poll!(&mut dropped).is_pending());
    assert!(poll!(&mut next).is_pending());
    drop(dropped);
    next.await.unwrap();
    assert_eq!(recorder.arrivals(), [(millis(0), 10), (millis(100), 1)]);
}

#[tokio::test(start_paused = true)]
async fn services_of_one_layer_share_its_rate() {
    let layer = ThrottleLayer::new(ThrottleConfig::default().records(per_second(10)));
    let started = Instant::now();
    for _ in 0..3 {
        layer.layer(Recorder::new()).oneshot(records(10)).await.unwrap();
    }
    assert_eq!(started.elapsed(), millis(2_000));
}

#[tokio::test(start_paused = true)]
async fn without_a_limit_nothing_waits_or_queues() {
    let (mut service, recorder) = throttled(ThrottleConfig::default());
    let call = service.ready().await.unwrap().call(records(u64::MAX));
    assert_eq!(recorder.arrivals().len(), 1, "called before its future is polled");
    call.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn no_weight_overflows() {
    let (service, _) = throttled(ThrottleConfig::default().records(per_second(1)));
    service.clone().oneshot(records(u64::MAX)).await.unwrap();
    let mut never = Box::pin(service.clone().oneshot(records(u64::MAX)));
    assert!(poll!(&mut never).is_pending());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_window_lets_more_pass_than_burst_and_rate_allow(loads in prop::collection::vec(1_u64..40, 1..40)) {
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        let rate = 50;
        let arrivals = runtime.block_on(async {
            let (service, recorder) = throttled(ThrottleConfig::default().records(per_second(rate)));
            join_all(loads.iter().map(|load| service.clone().oneshot(records(*load)))).await;
            recorder.arrivals()
        });
        prop_assert_eq!(arrivals.iter().map(|(_, load)| *load).collect::<Vec<_>>(), loads);
        for first in 0..arrivals.len() {
            let mut passed = 0;
            for (at, load) in &arrivals[first..] {
                passed += load;
                let window = at.saturating_sub(arrivals[first].0);
                let allowed = rate as f64 * (1.0 + window.as_secs_f64());
                prop_assert!(passed as f64 <= allowed + 1e-6, "{} passed in {:?}", passed, window);
            }
        }
    }
}
