//! What a shard takes in a second.

use crate::{Error, ErrorKind, Result};

/// What a shard takes in a second, as its lane begins and unless throttling says otherwise.
///
/// A busy lane that is throttled goes on with 0.9 of what its shard was seen to grant, any other slows by a factor of 0.5
/// to 0.85. It is back at about what the shard takes within 1.5 to 2.5 seconds, and then probes further up, to the
/// ceiling.
///
/// # Example
///
/// A sink that leaves half of each shard to others:
///
/// ```
/// use headwater::MemoryStream;
/// use headwater::batch::{BatchSink, LaneLimit};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> headwater::Result<()> {
/// # let stream = MemoryStream::new("orders", 1);
/// let half = LaneLimit { records: 500, bytes: 512 << 10, ceiling: 1.0 };
/// let sink = BatchSink::builder().lane_limit(half).build(stream)?;
/// # drop(sink);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LaneLimit {
    /// Records per second, 1 or more.
    pub records: u64,
    /// Bytes per second, partition keys included, 1 or more.
    pub bytes: u64,
    /// How far above the two a lane may probe while it is not throttled, as a factor of 1 or more.
    pub ceiling: f64,
}

impl LaneLimit {
    pub(in crate::batch) fn check(&self) -> Result<()> {
        let refuse = |name: &str, value: String| {
            Err(Error::new(
                ErrorKind::Invalid,
                format!("lane_limit({name}) = {value}: at least 1 is allowed"),
            ))
        };
        if self.records == 0 {
            return refuse("records", self.records.to_string());
        }
        if self.bytes == 0 {
            return refuse("bytes", self.bytes.to_string());
        }
        if !(self.ceiling >= 1.0 && self.ceiling.is_finite()) {
            return refuse("ceiling", self.ceiling.to_string());
        }
        Ok(())
    }
}
