//! The service that paces calls.

use std::mem;
use std::sync::Arc;
use std::task::{Context, Poll};

use tower::Service;

use super::queue::Queue;
use crate::Error;
use crate::service::{ThrottleFuture, Weighted};

/// Delays calls until the records and bytes of their requests fit the rate.
///
/// One token bucket counts records and one bytes; a request waits for both. One that is heavier than the burst passes
/// when the bucket is full, and leaves a debt that those behind it wait out. Requests pass in the order in which their
/// calls are first polled. Made by [`ThrottleLayer`](super::ThrottleLayer), which has an example.
///
/// What a request weighs is known only with the call, so a call waits and `poll_ready` does not: bound the calls in
/// flight outside of it.
///
/// # Cancel safety
///
/// A call that is dropped while it waits has used up nothing. One that is neither polled nor dropped holds up those
/// behind it.
///
/// # Example
///
/// Clones share one rate:
///
/// ```
/// use std::time::Duration;
///
/// use headwater::service::{Limit, ThrottleConfig, ThrottleLayer};
/// # use headwater::service::Weighted;
/// use tokio::time::Instant;
/// use tower::{Layer, Service, ServiceExt, service_fn};
/// # struct Records(u64);
/// # impl Weighted for Records {
/// #     fn records(&self) -> u64 { self.0 }
/// #     fn bytes(&self) -> u64 { 0 }
/// # }
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> headwater::Result<()> {
/// # let service = service_fn(|_: Records| async { headwater::Result::Ok(()) });
/// let rate = ThrottleConfig::default().records(Limit::per_second(100)?);
/// let mut one = ThrottleLayer::new(rate).layer(service);
/// let mut other = one.clone();
///
/// let started = Instant::now();
/// one.ready().await?.call(Records(100)).await?; // the burst
/// other.ready().await?.call(Records(50)).await?;
/// assert_eq!(started.elapsed(), Duration::from_millis(500));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Throttle<S> {
    inner: S,
    /// `None` where nothing is limited.
    queue: Option<Arc<Queue>>,
}

impl<S> Throttle<S> {
    pub(super) fn new(inner: S, queue: Option<Arc<Queue>>) -> Self {
        Self { inner, queue }
    }
}

impl<S, Request> Service<Request> for Throttle<S>
where
    S: Service<Request, Error = Error> + Clone,
    Request: Weighted,
{
    type Response = S::Response;
    type Error = Error;
    type Future = ThrottleFuture<S, Request>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let Some(queue) = self.queue.clone() else {
            return ThrottleFuture::unlimited(self.inner.call(request));
        };
        let weights = [request.records(), request.bytes()];
        // The call keeps the service that is ready now; its clone here has to become ready again.
        let next = self.inner.clone();
        let ready = mem::replace(&mut self.inner, next);
        let turn = Box::pin(async move { queue.pass(weights).await });
        ThrottleFuture::waiting(turn, ready, request)
    }
}
