use std::collections::VecDeque;
use std::future::ready;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use futures::future::BoxFuture;
use futures::{FutureExt as _, poll};
use proptest::prelude::*;
use tokio::time::{Instant, advance, sleep};
use tower::{Layer, Service, ServiceExt};

use crate::service::{Attempted, RetryConfig, RetryLayer};
use crate::{Delivery, Error, ErrorKind, Message, Result, Undelivered};

/// Answers as its script says, then well, and remembers when it was called.
#[derive(Clone, Default)]
struct Scripted {
    script: Arc<Mutex<VecDeque<Error>>>,
    calls: Arc<Mutex<Vec<Instant>>>,
    takes: Duration,
}

impl Scripted {
    fn failing(times: usize, kind: ErrorKind) -> Self {
        let errors = (0..times).map(|_| Error::new(kind, "put 5 records to \"orders\"")).collect();
        Self { script: Arc::new(Mutex::new(errors)), ..Self::default() }
    }

    fn calls(&self) -> usize {
        self.calls.lock().unwrap().len()
    }

    fn waits(&self) -> Vec<Duration> {
        self.calls.lock().unwrap().windows(2).map(|pair| pair[1] - pair[0]).collect()
    }

    async fn ask(&self, config: RetryConfig) -> Result<&'static str> {
        RetryLayer::new(config).unwrap().layer(self.clone()).oneshot(()).await
    }
}

impl<Request> Service<Request> for Scripted {
    type Response = &'static str;
    type Error = Error;
    type Future = BoxFuture<'static, Result<&'static str>>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _request: Request) -> Self::Future {
        self.calls.lock().unwrap().push(Instant::now());
        let answer = self.script.lock().unwrap().pop_front().map_or(Ok("stored"), Err);
        let takes = self.takes;
        async move {
            sleep(takes).await;
            answer
        }
        .boxed()
    }
}

#[derive(Clone, Default)]
struct Witness(Arc<Mutex<Vec<ErrorKind>>>);

impl Attempted for Witness {
    fn failed_attempt(&mut self, error: &Error) {
        self.0.lock().unwrap().push(error.kind());
    }
}

fn config() -> RetryConfig {
    RetryConfig::default().expo_backoff(Duration::from_millis(100)).expo_backoff_limit(Duration::from_secs(2))
}

#[tokio::test(start_paused = true)]
async fn a_fatal_error_fails_fast_with_one_call() {
    for kind in [
        ErrorKind::NotFound,
        ErrorKind::AccessDenied,
        ErrorKind::Invalid,
        ErrorKind::LeaseLost,
        ErrorKind::Conflict,
        ErrorKind::Store,
    ] {
        let service = Scripted::failing(1, kind);
        let started = Instant::now();
        let error = service.ask(config()).await.unwrap_err();
        assert_eq!((error.kind(), error.to_string()), (kind, "put 5 records to \"orders\"".into()));
        assert_eq!((service.calls(), started.elapsed()), (1, Duration::ZERO));
    }
}

#[tokio::test(start_paused = true)]
async fn throttling_outage_and_timeout_are_retried_until_served() {
    for kind in [ErrorKind::Throttled, ErrorKind::Unavailable, ErrorKind::Timeout] {
        let service = Scripted::failing(4, kind);
        assert_eq!(service.ask(config()).await.unwrap(), "stored");
        assert_eq!(service.calls(), 5);
    }
}

#[tokio::test(start_paused = true)]
async fn the_last_error_tells_how_many_attempts_it_took_over_how_long() {
    let service = Scripted::failing(usize::from(u8::MAX), ErrorKind::Throttled);
    let started = Instant::now();
    let error = service.ask(config().retry_limit(8)).await.unwrap_err();
    let took = format!("{:.1?}", started.elapsed());
    assert_eq!(error.kind(), ErrorKind::Throttled);
    assert_eq!(error.to_string(), format!("put 5 records to \"orders\" after 8 attempts in {took}"));
    assert_eq!(service.calls(), 8);
}

#[tokio::test(start_paused = true)]
async fn what_an_error_carries_survives_the_retries() {
    let service = Scripted::failing(1, ErrorKind::Throttled);
    let lost = Undelivered::new(
        Message::new("payload".into()),
        Error::new(ErrorKind::Throttled, "slow down"),
        Delivery::NotStored,
    );
    let last = Error::new(ErrorKind::NotFound, "put").carrying(vec![lost]);
    service.script.lock().unwrap().push_back(last);
    let error = service.ask(config()).await.unwrap_err();
    assert!(error.to_string().starts_with("put after 2 attempts in "), "{error}");
    assert_eq!(error.into_undelivered().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn no_attempt_begins_after_the_deadline() {
    let mut service = Scripted::failing(usize::from(u8::MAX), ErrorKind::Unavailable);
    service.takes = Duration::from_secs(1);
    let deadline = Duration::from_secs(10);
    let started = Instant::now();
    let error = service.ask(config().retry_limit(u32::MAX).deadline(deadline)).await.unwrap_err();
    assert!(started.elapsed() <= deadline + service.takes, "took {:?}", started.elapsed());
    let last = *service.calls.lock().unwrap().last().unwrap();
    assert!(last <= started + deadline);
    assert!(error.to_string().contains(" attempts in "), "{error}");
}

#[tokio::test(start_paused = true)]
async fn every_wait_doubles_has_jitter_and_stays_under_its_limit() {
    let mut firsts = Vec::new();
    for _ in 0..50 {
        let service = Scripted::failing(9, ErrorKind::Throttled);
        service.ask(config()).await.unwrap();
        let waits = service.waits();
        firsts.push(waits[0]);
        for (retry, wait) in waits.into_iter().enumerate() {
            let base = Duration::from_millis(100) * 2_u32.pow(retry as u32);
            let (low, high) = (base.min(Duration::from_secs(2)), (base * 2).min(Duration::from_secs(2)));
            // The timer counts whole milliseconds and rounds up.
            assert!((low..=high + Duration::from_millis(2)).contains(&wait), "retry {retry} waited {wait:?}");
        }
    }
    firsts.sort_unstable();
    firsts.dedup();
    assert!(firsts.len() > 10, "fifty requests wait unequally long: {firsts:?}");
}

#[tokio::test(start_paused = true)]
async fn the_request_is_told_of_every_failed_attempt() {
    let service = Scripted::default();
    let kinds = [ErrorKind::Throttled, ErrorKind::Timeout, ErrorKind::AccessDenied];
    service.script.lock().unwrap().extend(kinds.map(|kind| Error::new(kind, "put")));
    let kept = Witness::default();
    let retry = RetryLayer::new(config()).unwrap().layer(service);
    retry.oneshot(kept.clone()).await.unwrap_err();
    assert_eq!(*kept.0.lock().unwrap(), kinds);
}

#[tokio::test(start_paused = true)]
async fn a_spent_budget_fails_requests_at_once_and_fills_again() {
    let service = Scripted::failing(1_000, ErrorKind::Unavailable);
    let retry = RetryLayer::new(config().retry_limit(2).budget(1, 0.0)).unwrap().layer(service.clone());
    for _ in 0..10 {
        retry.clone().oneshot(()).await.unwrap_err();
    }
    assert_eq!(service.calls(), 20, "ten seconds' worth of retries");
    let error = retry.clone().oneshot(()).await.unwrap_err();
    assert_eq!(error.to_string(), "put 5 records to \"orders\", the retry budget is spent");
    assert_eq!(service.calls(), 21);

    advance(Duration::from_secs(25)).await;
    retry.oneshot(()).await.unwrap_err();
    assert_eq!(service.calls(), 23);
}

#[tokio::test(start_paused = true)]
async fn dropping_a_call_ends_its_attempts() {
    let service = Scripted::failing(5, ErrorKind::Throttled);
    let mut call = Box::pin(service.ask(config()));
    assert!(poll!(&mut call).is_pending());
    drop(call);
    sleep(Duration::from_mins(1)).await;
    assert_eq!(service.calls(), 1);
}

/// Ready once: a second call needs a second readiness, as with a concurrency limit.
#[derive(Default)]
struct OnceReady {
    ready: bool,
}

impl Clone for OnceReady {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl Service<()> for OnceReady {
    type Response = ();
    type Error = Error;
    type Future = std::future::Ready<Result<()>>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<()>> {
        self.ready = true;
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, (): ()) -> Self::Future {
        assert!(std::mem::take(&mut self.ready), "called without being ready");
        ready(Err(Error::new(ErrorKind::Throttled, "put")))
    }
}

#[tokio::test(start_paused = true)]
async fn only_a_ready_service_is_called() {
    let mut retry = RetryLayer::new(config().retry_limit(3)).unwrap().layer(OnceReady::default());
    for _ in 0..2 {
        retry.ready().await.unwrap().call(()).await.unwrap_err();
    }
}

#[test]
fn a_setting_outside_its_range_is_named_with_the_range() {
    let refused = |config: RetryConfig| {
        let error = RetryLayer::new(config).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid);
        error.to_string()
    };
    assert_eq!(refused(config().retry_limit(0)), "retry_limit is 0 and must be 1 or more attempts");
    assert_eq!(refused(config().expo_backoff(Duration::ZERO)), "expo_backoff is 0s and must be longer");
    assert_eq!(
        refused(config().expo_backoff_limit(Duration::from_millis(10))),
        "expo_backoff_limit is 10ms and must be 100ms (expo_backoff) or more"
    );
    assert_eq!(
        refused(config().budget(1, f32::NAN)),
        "the share of the retry budget is NaN and must be 0 to 10"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn attempts_never_exceed_the_limit_and_stop_at_the_first_success(failures in 0_usize..12, limit in 1_u32..12) {
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        let service = Scripted::failing(failures, ErrorKind::Throttled);
        let answer = runtime.block_on(service.ask(config().retry_limit(limit)));
        prop_assert_eq!(answer.is_ok(), failures < limit as usize);
        prop_assert_eq!(service.calls(), (failures + 1).min(limit as usize));
    }
}
