//! How fast a sink writes.

use headwater::Result;
use headwater::service::{Limit, ThrottleConfig, ThrottleLayer};

use crate::limits::{SHARD_BYTES_PER_SECOND, SHARD_RECORDS_PER_SECOND};

/// How fast a sink writes, counted over its whole stream.
///
/// Source: [Quotas and limits](https://docs.aws.amazon.com/streams/latest/dev/service-sizes-and-limits.html).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limits {
    /// So much per second for each shard that was open when the sink connected. [`Limits::default`] is what a shard
    /// takes: 1,000 records and 1 MiB. A sink that shares its stream with others takes a part of that.
    PerShard {
        /// Records per second, 1 or more.
        records: u64,
        /// Bytes per second, partition keys included, 1 or more.
        bytes: u64,
    },
    /// As fast as requests are answered; what the stream does not take is throttled and tried again.
    Unlimited,
}

impl Default for Limits {
    fn default() -> Self {
        Self::PerShard { records: SHARD_RECORDS_PER_SECOND, bytes: SHARD_BYTES_PER_SECOND }
    }
}

impl Limits {
    /// Makes the layer that keeps the limits of a stream.
    ///
    /// # Errors
    ///
    /// `Invalid` for a limit of zero.
    pub(super) fn layer(self, open_shards: u32) -> Result<ThrottleLayer> {
        let config = match self {
            Self::PerShard { records, bytes } => {
                let stream_wide =
                    |units: u64| Limit::per_second(units.saturating_mul(u64::from(open_shards)));
                let named = |name, units| {
                    stream_wide(units).map_err(|error| error.during(format_args!("limits({name})")))
                };
                ThrottleConfig::default().records(named("records", records)?).bytes(named("bytes", bytes)?)
            }
            Self::Unlimited => ThrottleConfig::default(),
        };
        Ok(ThrottleLayer::new(config))
    }
}
