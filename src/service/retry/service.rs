//! The service that retries.

use std::mem;
use std::task::{Context, Poll};

use tower::Service;

use super::session::Retries;
use crate::Error;
use crate::service::{Attempted, RetryFuture};

/// Calls a service again when it failed in passing: throttling, outage, timeout. A fatal error is one call.
///
/// Each call has its own count of attempts, backoff and deadline, as [`RetryConfig`](super::RetryConfig) sets them.
/// The error of the last attempt keeps its kind, and says how many attempts there were and how long they took. Made by
/// [`RetryLayer`](super::RetryLayer), which has an example.
///
/// It retries whole requests. What failed inside an answer that came is for the caller to settle at once: to retry it
/// here would make what was served wait for what was not.
///
/// # Cancel safety
///
/// Dropping a call drops the attempt that runs, and there is no other.
///
/// # Example
///
/// A fatal error is one call, and a lasting one is as many as are allowed:
///
/// ```
/// use headwater::service::{RetryConfig, RetryLayer};
/// use headwater::{Error, ErrorKind};
/// use tower::{Layer, Service, ServiceExt, service_fn};
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> headwater::Result<()> {
/// for (kind, calls) in [(ErrorKind::AccessDenied, 1), (ErrorKind::Throttled, 3)] {
///     let made = std::cell::Cell::new(0);
///     let failing = service_fn(|()| {
///         made.set(made.get() + 1);
///         async move { Err::<(), _>(Error::new(kind, "put 1 record")) }
///     });
///     let mut service = RetryLayer::new(RetryConfig::default().retry_limit(3))?.layer(failing);
///     assert_eq!(service.ready().await?.call(()).await.unwrap_err().kind(), kind);
///     assert_eq!(made.get(), calls);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Retry<S> {
    inner: S,
    retries: Retries,
}

impl<S> Retry<S> {
    pub(super) fn new(inner: S, retries: Retries) -> Self {
        Self { inner, retries }
    }
}

impl<S, Request> Service<Request> for Retry<S>
where
    S: Service<Request, Error = Error> + Clone,
    Request: Attempted,
{
    type Response = S::Response;
    type Error = Error;
    type Future = RetryFuture<S, Request>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        // The attempts keep the service that is ready now; its clone here has to become ready again.
        let next = self.inner.clone();
        let ready = mem::replace(&mut self.inner, next);
        RetryFuture::new(tower::retry::Retry::new(self.retries.session(), ready).call(request))
    }
}
