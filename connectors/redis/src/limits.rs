//! Limits that sinks share.

use std::time::Duration;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use headwater::batch::{Allowance, LaneLimit, SharedLimit};
use headwater::{Result, ShardId};

use crate::keys::Keys;
use crate::link::Link;
use crate::script::TAKE;
use crate::{RedisBuilder, RedisCheckpoints};

/// For how long a limit that nobody takes from is saved.
const SAVED: Duration = Duration::from_millis(250);

/// A limit per shard that sinks in any number of processes share, so that together they do not exceed what a shard takes.
///
/// Every question is one script that goes by the server's own clock. What is left of a limit is saved for a quarter of a second
/// at most, and its key expires when it is full again. While the server cannot be asked, each lane goes by its own limit.
///
/// # Example
///
/// ```no_run
/// use std::sync::Arc;
///
/// use headwater::MemoryStream;
/// use headwater::batch::{BatchSink, LaneLimit};
/// use headwater_redis::RedisLimits;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> headwater::Result<()> {
/// # let orders = MemoryStream::new("orders", 1);
/// let limits = Arc::new(RedisLimits::open("redis://localhost/0").await?);
/// let limit = LaneLimit { records: 1_000, bytes: 1 << 20, ceiling: 1.0 };
/// let sink = BatchSink::builder().lane_limit(limit).shared_limit(limits).build(orders)?;
/// # drop(sink);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct RedisLimits {
    pub(crate) link: Link,
    pub(crate) keys: Keys,
}

impl RedisLimits {
    /// Opens limits at this URL with the default settings.
    ///
    /// # Errors
    ///
    /// As [`RedisBuilder::open`].
    pub async fn open(url: impl Into<String>) -> Result<Self> {
        Self::builder(url).open_limits().await
    }

    /// Begins to open limits at this URL, which reads as that of [`RedisCheckpoints::builder`].
    pub fn builder(url: impl Into<String>) -> RedisBuilder {
        RedisCheckpoints::builder(url)
    }
}

impl SharedLimit for RedisLimits {
    fn take(
        &self,
        stream: &str,
        shard: &ShardId,
        limit: LaneLimit,
        wanted: Allowance,
    ) -> BoxFuture<'static, Result<Allowance>> {
        let full = |rate: u64| rate as f64 * SAVED.as_secs_f64();
        let call = TAKE.on(
            self.keys.limit(stream, shard),
            [
                Some(limit.records.to_string()),
                Some(limit.bytes.to_string()),
                Some(full(limit.records).to_string()),
                Some(full(limit.bytes).to_string()),
                Some(wanted.records.to_string()),
                Some(wanted.bytes.to_string()),
                Some(SAVED.as_millis().to_string()),
            ],
        );
        let what = format!("take from the limit of {shard} of \"{stream}\"");
        let link = self.link.clone();
        async move {
            let taken = link.call::<(f64, f64)>(&call).await;
            let (records, bytes) = taken.map_err(|failure| failure.during(&what, link.address()))?;
            Ok(Allowance { records, bytes })
        }
        .boxed()
    }
}
