//! A call that waits for its turn.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures::future::BoxFuture;
use pin_project_lite::pin_project;
use tower::Service;

use crate::{Error, Result};

pin_project! {
    /// The answer of a [`Throttle`](super::Throttle) service.
    ///
    /// # Example
    ///
    /// A call that is given up while it waits has used up nothing:
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use headwater::service::{Limit, ThrottleConfig, ThrottleLayer};
    /// # use headwater::service::Weighted;
    /// use tokio::time::{Instant, timeout};
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
    /// let mut service = ThrottleLayer::new(rate).layer(service);
    /// service.ready().await?.call(Records(100)).await?; // the burst
    ///
    /// let started = Instant::now();
    /// let call = service.ready().await?.call(Records(90));
    /// assert!(timeout(Duration::from_millis(100), call).await.is_err());
    /// service.ready().await?.call(Records(10)).await?;
    /// assert_eq!(started.elapsed(), Duration::from_millis(100));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use = "futures do nothing unless polled"]
    pub struct ThrottleFuture<S, Request>
    where
        S: Service<Request>,
    {
        // Taken when the turn has come.
        waiting: Option<Waiting<S, Request>>,
        #[pin]
        call: Option<S::Future>,
    }
}

struct Waiting<S, Request> {
    turn: BoxFuture<'static, ()>,
    service: S,
    request: Request,
}

impl<S, Request> ThrottleFuture<S, Request>
where
    S: Service<Request>,
{
    pub(super) fn unlimited(call: S::Future) -> Self {
        Self { waiting: None, call: Some(call) }
    }

    pub(super) fn waiting(turn: BoxFuture<'static, ()>, service: S, request: Request) -> Self {
        Self { waiting: Some(Waiting { turn, service, request }), call: None }
    }
}

impl<S, Request> Future for ThrottleFuture<S, Request>
where
    S: Service<Request, Error = Error>,
{
    type Output = Result<S::Response>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        if let Some(waiting) = this.waiting {
            ready!(waiting.turn.as_mut().poll(cx));
        }
        if let Some(Waiting { mut service, request, .. }) = this.waiting.take() {
            this.call.set(Some(service.call(request)));
        }
        let call = this.call.as_pin_mut().expect("a call follows the turn");
        call.poll(cx)
    }
}

impl<S, Request> fmt::Debug for ThrottleFuture<S, Request>
where
    S: Service<Request>,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ThrottleFuture").field("waiting", &self.waiting.is_some()).finish_non_exhaustive()
    }
}
