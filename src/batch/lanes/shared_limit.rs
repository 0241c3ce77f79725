//! A limit that several sinks share.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use futures::FutureExt;
use futures::future::BoxFuture;
use tokio::time::Instant;

use crate::batch::LaneLimit;
use crate::{Result, ShardId};

/// A limit that several sinks share, in one process or in many, so that together they do not exceed what a shard takes.
///
/// A lane asks for a part of the limit before it sends, a few times a second and ahead of its need. While the store
/// cannot be asked, each lane goes by its own limit, and throttling slows it as always.
///
/// # Example
///
/// [`MemoryLimits`] is the one for sinks of one process:
///
/// ```
/// use std::sync::Arc;
///
/// use headwater::MemoryStream;
/// use headwater::batch::{BatchSink, LaneLimit, MemoryLimits};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> headwater::Result<()> {
/// # let orders = MemoryStream::new("orders", 1);
/// let limits = Arc::new(MemoryLimits::default());
/// let limit = LaneLimit { records: 1_000, bytes: 1 << 20, ceiling: 1.0 };
/// let sink = || BatchSink::builder().lane_limit(limit).shared_limit(limits.clone()).build(orders.clone());
/// let (first, second) = (sink()?, sink()?);
/// # drop((first, second));
/// # Ok(())
/// # }
/// ```
pub trait SharedLimit: Send + Sync + 'static {
    /// Takes as much of `wanted` as is left of the limit of a shard of a stream, which refills by `limit` each second,
    /// and says how much that is. Nothing is an answer too; the sink asks again.
    ///
    /// Called on the sink's task, so it must not block; asked again 50 ms after an answer at the earliest. An answer that
    /// takes more than a second counts as an error: the call is dropped, and what it took is lost. After an error the lane
    /// goes by its own limit for a second, then asks again.
    ///
    /// # Errors
    ///
    /// Why the store cannot be asked.
    fn take(
        &self,
        stream: &str,
        shard: &ShardId,
        limit: LaneLimit,
        wanted: Allowance,
    ) -> BoxFuture<'static, Result<Allowance>>;
}

/// How much may be sent.
///
/// # Example
///
/// See [`SharedLimit`].
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Allowance {
    /// Records.
    pub records: f64,
    /// Bytes, partition keys included.
    pub bytes: f64,
}

impl Allowance {
    /// Returns the lesser of both kinds.
    ///
    /// # Example
    ///
    /// ```
    /// use headwater::batch::Allowance;
    ///
    /// let left = Allowance { records: 10.0, bytes: 5_000.0 };
    /// let wanted = Allowance { records: 50.0, bytes: 1_000.0 };
    /// assert_eq!(left.min(wanted), Allowance { records: 10.0, bytes: 1_000.0 });
    /// ```
    pub fn min(self, other: Self) -> Self {
        Self { records: self.records.min(other.records), bytes: self.bytes.min(other.bytes) }
    }
}

/// A limit that the sinks of one process share.
///
/// # Example
///
/// See [`SharedLimit`].
#[derive(Debug, Default)]
pub struct MemoryLimits(Mutex<HashMap<(String, ShardId), Left>>);

/// What is left of a shard's limit.
#[derive(Debug)]
struct Left {
    allowance: Allowance,
    filled: Instant,
}

/// For how long a limit that nobody takes from is saved, in seconds.
const SAVED: f64 = 0.25;

impl MemoryLimits {
    fn take_now(&self, stream: &str, shard: &ShardId, limit: LaneLimit, wanted: Allowance) -> Allowance {
        let now = Instant::now();
        let full = Allowance { records: limit.records as f64 * SAVED, bytes: limit.bytes as f64 * SAVED };
        let mut limits = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let left = limits
            .entry((stream.to_owned(), shard.clone()))
            .or_insert_with(|| Left { allowance: full, filled: now });
        let seconds = now.saturating_duration_since(left.filled).as_secs_f64();
        left.filled = now;
        let refilled = Allowance {
            records: left.allowance.records + limit.records as f64 * seconds,
            bytes: left.allowance.bytes + limit.bytes as f64 * seconds,
        };
        left.allowance = refilled.min(full);
        let granted = left.allowance.min(wanted);
        left.allowance.records -= granted.records;
        left.allowance.bytes -= granted.bytes;
        granted
    }
}

impl SharedLimit for MemoryLimits {
    fn take(
        &self,
        stream: &str,
        shard: &ShardId,
        limit: LaneLimit,
        wanted: Allowance,
    ) -> BoxFuture<'static, Result<Allowance>> {
        std::future::ready(Ok(self.take_now(stream, shard, limit, wanted))).boxed()
    }
}

impl<S: SharedLimit> SharedLimit for Arc<S> {
    fn take(
        &self,
        stream: &str,
        shard: &ShardId,
        limit: LaneLimit,
        wanted: Allowance,
    ) -> BoxFuture<'static, Result<Allowance>> {
        (**self).take(stream, shard, limit, wanted)
    }
}
