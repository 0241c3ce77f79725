//! The service that bounds calls in time.

use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tower::Service;

use crate::Error;
use crate::service::TimeoutFuture;

/// Fails a call that has not answered in time as `Timeout`, naming the operation and the time.
///
/// The time runs from the call; waiting for the service to be ready is not counted.
///
/// # Cancel safety
///
/// A call that runs out of time is dropped. Whether the service has done it is then unknown.
///
/// # Example
///
/// ```
/// use std::time::Duration;
///
/// use headwater::service::Timeout;
/// use tower::{Service, ServiceExt, service_fn};
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> headwater::Result<()> {
/// let echo = service_fn(|number: u32| async move { headwater::Result::Ok(number) });
/// let mut service = Timeout::new(echo, "echo", Duration::from_secs(1));
/// assert_eq!(service.ready().await?.call(7).await?, 7);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Timeout<S> {
    inner: S,
    operation: Arc<str>,
    after: Duration,
}

impl<S> Timeout<S> {
    /// Bounds the calls of a service. Errors name the operation.
    pub fn new(inner: S, operation: impl Into<Arc<str>>, after: Duration) -> Self {
        Self { inner, operation: operation.into(), after }
    }
}

impl<S, Request> Service<Request> for Timeout<S>
where
    S: Service<Request, Error = Error>,
{
    type Response = S::Response;
    type Error = Error;
    type Future = TimeoutFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        TimeoutFuture::new(self.inner.call(request), self.operation.clone(), self.after)
    }
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};

    use tokio::time::Instant;
    use tower::{ServiceExt, service_fn};

    use super::*;
    use crate::{ErrorKind, Result};

    #[tokio::test(start_paused = true)]
    async fn a_call_that_never_answers_fails_in_time_and_names_the_operation() {
        let silent = service_fn(|()| pending::<Result<()>>());
        let started = Instant::now();
        let error = Timeout::new(silent, "put 5 records", Duration::from_millis(2500)).oneshot(()).await;
        let error = error.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Timeout);
        assert_eq!(error.to_string(), "put 5 records: no answer within 2.5s");
        let took = started.elapsed();
        assert!(took >= Duration::from_millis(2500) && took < Duration::from_millis(2510), "took {took:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn answers_and_errors_in_time_pass_unchanged() {
        let honest = service_fn(|fail: bool| {
            ready(if fail { Err(Error::new(ErrorKind::NotFound, "describe \"x\"")) } else { Ok(7) })
        });
        let mut service = Timeout::new(honest, "ask", Duration::from_secs(1));
        assert_eq!(service.ready().await.unwrap().call(false).await.unwrap(), 7);
        let error = service.ready().await.unwrap().call(true).await.unwrap_err();
        assert_eq!((error.kind(), error.to_string()), (ErrorKind::NotFound, "describe \"x\"".into()));
    }
}
