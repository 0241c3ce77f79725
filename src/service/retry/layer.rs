//! The layer that retries.

use tower::Layer;

use super::config::RetryConfig;
use super::session::Retries;
use crate::Result;
use crate::service::Retry;

/// Retries the calls of a service that failed in passing.
///
/// The services that one layer makes share its budget.
///
/// # Example
///
/// ```
/// use std::cell::Cell;
///
/// use headwater::service::{RetryConfig, RetryLayer};
/// use headwater::{Error, ErrorKind};
/// use tower::{Service, ServiceBuilder, ServiceExt, service_fn};
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> headwater::Result<()> {
/// let calls = Cell::new(0);
/// let mut service = ServiceBuilder::new().layer(RetryLayer::new(RetryConfig::default())?).service_fn(|()| {
///     calls.set(calls.get() + 1);
///     let served = calls.get() == 3;
///     async move { if served { Ok("stored") } else { Err(Error::new(ErrorKind::Throttled, "put 1 record")) } }
/// });
///
/// assert_eq!(service.ready().await?.call(()).await?, "stored");
/// assert_eq!(calls.get(), 3);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct RetryLayer {
    retries: Retries,
}

impl RetryLayer {
    /// Creates a layer.
    ///
    /// # Errors
    ///
    /// `Invalid`, naming the setting and its range, if one is outside it.
    pub fn new(config: RetryConfig) -> Result<Self> {
        Ok(Self { retries: Retries::new(config)? })
    }
}

impl<S> Layer<S> for RetryLayer {
    type Service = Retry<S>;

    fn layer(&self, inner: S) -> Retry<S> {
        Retry::new(inner, self.retries.clone())
    }
}
