//! How a stream is made.

use std::str::FromStr;

use headwater_kinesis::KinesisSinkBuilder;

/// What stream is made where there is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Create {
    /// With so many shards.
    Shards(u32),
    /// With as many as it needs.
    OnDemand,
}

impl Create {
    /// Has a sink make it.
    pub(crate) fn with(self, sink: KinesisSinkBuilder) -> KinesisSinkBuilder {
        match self {
            Self::Shards(shards) => sink.create_stream(shards),
            Self::OnDemand => sink.create_stream_on_demand(),
        }
    }
}

impl FromStr for Create {
    type Err = String;

    fn from_str(written: &str) -> Result<Self, String> {
        match (written, written.parse()) {
            ("on-demand", _) => Ok(Self::OnDemand),
            (_, Ok(shards)) if shards > 0 => Ok(Self::Shards(shards)),
            _ => Err("a number of shards from 1, or on-demand, is right".to_owned()),
        }
    }
}
