//! A call with all its attempts.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;
use tower::Service;
use tower::retry::future::ResponseFuture;

use super::session::Session;
use crate::service::Attempted;
use crate::{Error, Result};

pin_project! {
    /// The answer of a [`Retry`](super::Retry) service.
    ///
    /// # Example
    ///
    /// A call that need not be boxed to be named:
    ///
    /// ```
    /// use headwater::Error;
    /// use headwater::service::{Attempted, Retry, RetryFuture};
    /// use tower::Service;
    ///
    /// fn put<S, Put>(service: &mut Retry<S>, put: Put) -> RetryFuture<S, Put>
    /// where
    ///     S: Service<Put, Error = Error> + Clone,
    ///     Put: Attempted,
    /// {
    ///     service.call(put)
    /// }
    /// # use headwater::service::{RetryConfig, RetryLayer};
    /// # use tower::{Layer, service_fn};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> headwater::Result<()> {
    /// # let service = service_fn(|()| async { headwater::Result::Ok("stored") });
    /// # let mut service = RetryLayer::new(RetryConfig::default())?.layer(service);
    ///
    /// assert_eq!(put(&mut service, ()).await?, "stored");
    /// # Ok(())
    /// # }
    /// ```
    #[must_use = "futures do nothing unless polled"]
    pub struct RetryFuture<S, Request>
    where
        S: Service<Request, Error = Error>,
        Request: Attempted,
    {
        #[pin]
        attempts: ResponseFuture<Session, S, Request>,
    }
}

impl<S, Request> RetryFuture<S, Request>
where
    S: Service<Request, Error = Error>,
    Request: Attempted,
{
    pub(super) fn new(attempts: ResponseFuture<Session, S, Request>) -> Self {
        Self { attempts }
    }
}

impl<S, Request> Future for RetryFuture<S, Request>
where
    S: Service<Request, Error = Error>,
    Request: Attempted,
{
    type Output = Result<S::Response>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.project().attempts.poll(cx)
    }
}

impl<S, Request> fmt::Debug for RetryFuture<S, Request>
where
    S: Service<Request, Error = Error>,
    Request: Attempted,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RetryFuture").finish_non_exhaustive()
    }
}
