//! How fast a sink writes.

use headwater::batch::LaneLimit;

use crate::limits::{SHARD_BYTES_PER_SECOND, SHARD_RECORDS_PER_SECOND};

/// How fast a sink writes to each shard.
///
/// A shard that throttles slows only its own lane: a busy one goes on with 0.9 of what the shard was seen to grant, any
/// other slows by a factor of 0.5 to 0.85. It is back at about what the shard takes within 1.5 to 2.5 seconds, and then
/// probes further up. So a sink that shares a shard with other producers finds its part.
///
/// Source: [Quotas and limits](https://docs.aws.amazon.com/streams/latest/dev/service-sizes-and-limits.html).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limits {
    /// At most so much per second and shard. [`Limits::default`] is what a shard takes: 1,000 records and 1 MiB. On an
    /// on-demand stream the default is where a lane begins: it may probe up to twice that.
    ///
    /// These are `put_rate_limit_per_shard` and `put_bandwidth_limit_per_shard` of async-kinesis.
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

/// How far above its default limit a lane of an on-demand stream may probe.
const ON_DEMAND_CEILING: f64 = 2.0;

impl Limits {
    /// Returns the limit of each lane, of which there is one for so many shards.
    pub(super) fn of_lane(self, shards: u32, on_demand: bool) -> Option<LaneLimit> {
        let Self::PerShard { records, bytes } = self else { return None };
        let shards = u64::from(shards);
        Some(LaneLimit {
            records: records.saturating_mul(shards),
            bytes: bytes.saturating_mul(shards),
            ceiling: if on_demand && self == Self::default() { ON_DEMAND_CEILING } else { 1.0 },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_default_limit_of_an_on_demand_stream_may_be_probed_above() {
        let ceiling =
            |limits: Limits, on_demand| limits.of_lane(1, on_demand).map(|limit| limit.ceiling > 1.0);
        assert_eq!(ceiling(Limits::default(), true), Some(true));
        assert_eq!(ceiling(Limits::default(), false), Some(false));
        assert_eq!(ceiling(Limits::PerShard { records: 500, bytes: 1 << 20 }, true), Some(false));
        assert_eq!(ceiling(Limits::Unlimited, true), None);
    }
}
