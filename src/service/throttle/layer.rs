//! The layer that paces calls.

use std::sync::Arc;

use tower::Layer;

use super::queue::Queue;
use crate::service::{Throttle, ThrottleConfig};

/// Paces the calls of services by the records and bytes of their requests.
///
/// The services that one layer makes, and their clones, share one rate.
///
/// # Example
///
/// ```
/// use std::time::Duration;
///
/// use headwater::service::{Limit, ThrottleConfig, ThrottleLayer, Weighted};
/// use tokio::time::Instant;
/// use tower::{Service, ServiceBuilder, ServiceExt, service_fn};
///
/// struct Records(u64);
///
/// impl Weighted for Records {
///     fn records(&self) -> u64 {
///         self.0
///     }
///     fn bytes(&self) -> u64 {
///         0
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> headwater::Result<()> {
/// let rate = ThrottleConfig::default().records(Limit::per_second(100)?);
/// let mut service = ServiceBuilder::new()
///     .layer(ThrottleLayer::new(rate))
///     .service(service_fn(|_: Records| async { headwater::Result::Ok(()) }));
///
/// let started = Instant::now();
/// service.ready().await?.call(Records(100)).await?; // the burst
/// service.ready().await?.call(Records(50)).await?;
/// assert_eq!(started.elapsed(), Duration::from_millis(500));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct ThrottleLayer {
    queue: Option<Arc<Queue>>,
}

impl ThrottleLayer {
    /// Creates a layer with full buckets.
    pub fn new(config: ThrottleConfig) -> Self {
        Self { queue: config.buckets().map(|buckets| Arc::new(Queue::new(buckets))) }
    }
}

impl<S> Layer<S> for ThrottleLayer {
    type Service = Throttle<S>;

    fn layer(&self, inner: S) -> Throttle<S> {
        Throttle::new(inner, self.queue.clone())
    }
}
