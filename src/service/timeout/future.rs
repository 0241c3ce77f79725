//! A call that is bounded in time.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use pin_project_lite::pin_project;

use crate::{Error, ErrorKind, Result};

pin_project! {
    /// The answer of a [`Timeout`](super::Timeout) service.
    ///
    /// # Example
    ///
    /// The time runs from the call, whether it is polled or not:
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use headwater::ErrorKind;
    /// use headwater::service::{Timeout, TimeoutFuture};
    /// use tokio::time::Instant;
    /// use tower::{Service, ServiceExt, service_fn};
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> headwater::Result<()> {
    /// let silent = service_fn(|()| std::future::pending::<headwater::Result<()>>());
    /// let mut service = Timeout::new(silent, "put 1 record", Duration::from_secs(5));
    /// let started = Instant::now();
    /// let call: TimeoutFuture<_> = service.ready().await?.call(());
    /// tokio::time::sleep(Duration::from_secs(5)).await;
    ///
    /// assert_eq!(call.await.unwrap_err().kind(), ErrorKind::Timeout);
    /// assert_eq!(started.elapsed(), Duration::from_secs(5));
    /// # Ok(())
    /// # }
    /// ```
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub struct TimeoutFuture<F> {
        #[pin]
        call: tokio::time::Timeout<F>,
        operation: Arc<str>,
        after: Duration,
    }
}

impl<F: Future> TimeoutFuture<F> {
    pub(super) fn new(call: F, operation: Arc<str>, after: Duration) -> Self {
        Self { call: tokio::time::timeout(after, call), operation, after }
    }
}

impl<F, Response> Future for TimeoutFuture<F>
where
    F: Future<Output = Result<Response>>,
{
    type Output = Result<Response>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        Poll::Ready(ready!(this.call.poll(cx)).unwrap_or_else(|_elapsed| {
            let context = format!("{}: no answer within {:?}", this.operation, this.after);
            Err(Error::new(ErrorKind::Timeout, context))
        }))
    }
}
