//! What a stream no longer had when it was to be read.

use std::fmt;
use std::time::SystemTime;

use crate::checkpoint::Checkpoint;
use crate::{Position, SequenceNumber, ShardId};

/// Records that were removed before they were read, as retention does with those of an application that was down for
/// too long.
///
/// Whether there were any cannot always be told: a shard that nobody wrote to for longer than its retention has lost the
/// record of its checkpoint and nothing else. It is reported all the same.
///
/// # Example
///
/// ```
/// use std::sync::Arc;
///
/// use futures::TryStreamExt;
/// use headwater::MemoryStream;
/// use headwater::checkpoint::MemoryCheckpoints;
/// use headwater::source::SourceConfig;
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> headwater::Result<()> {
/// # let stream = MemoryStream::new("orders", 1);
/// # let mut config = SourceConfig::default();
/// # config.checkpoints = Arc::new(MemoryCheckpoints::new());
/// let first = stream.put("customer-7", "first");
/// let mut source = stream.source_with(config.clone()).await?;
/// source.try_next().await?.expect("one was put").ack();
/// let control = source.control();
/// drop(source);
/// control.finished().await?;
///
/// // The application is down for longer than the stream keeps its records.
/// let second = stream.put("customer-7", "second");
/// let third = stream.put("customer-7", "third");
/// stream.trim(&second);
///
/// let mut source = stream.source_with(config).await?;
/// source.try_next().await?.expect("one is left").ack();
/// let gap = &source.control().gaps()[0];
/// assert_eq!(gap.after.position, headwater::Position::After { sequence: first.sequence, sub_sequence: None });
/// assert_eq!(gap.until.as_ref().unwrap().0, third.sequence);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gap {
    /// The shard.
    pub shard: ShardId,
    /// The last record that was read before, and when it had arrived.
    pub after: Checkpoint,
    /// The oldest record that was left, and when it had arrived; `None` where the shard itself is gone.
    pub until: Option<(SequenceNumber, Option<SystemTime>)>,
}

impl fmt::Display for Gap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let arrived = |f: &mut fmt::Formatter<'_>, arrival: Option<SystemTime>| match arrival {
            Some(time) => write!(f, " of {}", Position::At(time)),
            None => Ok(()),
        };
        write!(f, "{}: what followed {}", self.shard, self.after.position)?;
        arrived(f, self.after.arrival)?;
        match &self.until {
            Some((sequence, arrival)) => {
                write!(f, " is gone, up to sequence {sequence}")?;
                arrived(f, *arrival)
            }
            None => f.write_str(" is gone with the shard"),
        }
    }
}

/// What follows when records were removed before they were read.
///
/// # Example
///
/// ```
/// use headwater::source::{OnGap, SourceConfig};
///
/// let mut config = SourceConfig::default();
/// assert_eq!(config.on_gap, OnGap::Continue);
/// config.on_gap = OnGap::Fail; // an error of kind `Gap` ends the source
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnGap {
    /// It is logged, counted, and listed by [`Control::gaps`](crate::source::Control::gaps), and reading goes on with
    /// what is left. The default.
    #[default]
    Continue,
    /// The source ends with an error that names both ends, before anything beyond the gap is handed out.
    Fail,
}
