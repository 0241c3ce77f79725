//! The handle of a consumer.

use std::sync::Arc;

use headwater::Result;

use crate::source::fan_out::Consumer;

/// Looks at and ends the enhanced fan-out of a [`KinesisSource`](crate::KinesisSource); it survives `decode`,
/// `forward` and the source. Clones are one.
///
/// A registered consumer costs money for every hour and shard until it is deregistered, whether it is used or not, and
/// nobody does that by himself: other workers may read by the same name, and so may the next run.
///
/// # Example
///
/// ```
/// use headwater_kinesis::KinesisSource;
/// # use headwater_local::LocalKinesis;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let local = LocalKinesis::builder().stream("orders", 1).build();
/// # let client = local.client();
/// let orders = KinesisSource::builder("orders").fan_out("reports");
/// # let orders = orders.client(client);
/// let orders = orders.connect().await?;
/// let fan_out = orders.fan_out().expect("it was asked for");
/// assert!(fan_out.consumer_arn().is_some());
///
/// drop(orders);
/// assert!(fan_out.deregister().await?, "this process had registered it");
/// assert!(!fan_out.deregister().await?);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct FanOut(Arc<Consumer>);

impl FanOut {
    pub(in crate::source) fn new(consumer: Arc<Consumer>) -> Self {
        Self(consumer)
    }

    /// Returns the name of the consumer.
    pub fn consumer_name(&self) -> &str {
        self.0.name()
    }

    /// Returns the ARN of the consumer as it was last seen. `None` while it could be neither found nor registered.
    pub fn consumer_arn(&self) -> Option<String> {
        self.0.last_arn()
    }

    /// Returns how many shards are pushed to this process at the moment.
    pub fn subscribed_shards(&self) -> usize {
        self.0.subscribed_shards()
    }

    /// Returns how many shards this process reads by polling at the moment: because the consumer is not ACTIVE yet,
    /// between two subscriptions, or after subscriptions that failed.
    pub fn polled_shards(&self) -> usize {
        self.0.polled_shards()
    }

    /// Deregisters the consumer, if this process registered it, and tells whether it did. A source that still runs goes
    /// on by polling. Other workers that read by the same name do so too, and register it anew.
    ///
    /// # Errors
    ///
    /// `AccessDenied`; `Unavailable`, `Timeout` or `Throttled` after four tries. It can be called again.
    ///
    /// # Cancel safety
    ///
    /// May be dropped and called again.
    pub async fn deregister(&self) -> Result<bool> {
        self.0.deregister().await
    }
}
