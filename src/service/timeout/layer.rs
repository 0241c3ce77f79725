//! The layer that bounds calls in time.

use std::sync::Arc;
use std::time::Duration;

use tower::Layer;

use crate::service::Timeout;

/// Gives every call of a service the same time to answer.
///
/// # Example
///
/// ```
/// use std::time::Duration;
///
/// use headwater::ErrorKind;
/// use headwater::service::TimeoutLayer;
/// use tower::{Service, ServiceBuilder, ServiceExt, service_fn};
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> headwater::Result<()> {
/// let mut service = ServiceBuilder::new()
///     .layer(TimeoutLayer::new("put 3 records to \"orders\"", Duration::from_secs(5)))
///     .service(service_fn(|()| std::future::pending::<headwater::Result<()>>()));
///
/// let error = service.ready().await?.call(()).await.unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::Timeout);
/// assert_eq!(error.to_string(), "put 3 records to \"orders\": no answer within 5s");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct TimeoutLayer {
    operation: Arc<str>,
    after: Duration,
}

impl TimeoutLayer {
    /// Creates a layer from the operation, as errors shall name it, and the time that each call gets.
    pub fn new(operation: impl Into<Arc<str>>, after: Duration) -> Self {
        Self { operation: operation.into(), after }
    }
}

impl<S> Layer<S> for TimeoutLayer {
    type Service = Timeout<S>;

    fn layer(&self, inner: S) -> Timeout<S> {
        Timeout::new(inner, self.operation.clone(), self.after)
    }
}
