//! The stream that `--create` makes.

use std::str::FromStr;

/// The stream that `--create` makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NewStream {
    /// With so many shards.
    Shards(u32),
    /// With as many as the service finds right.
    OnDemand,
}

impl FromStr for NewStream {
    type Err = &'static str;

    fn from_str(create: &str) -> Result<Self, &'static str> {
        match (create, create.parse()) {
            ("on-demand", _) => Ok(Self::OnDemand),
            (_, Ok(shards @ 1..)) => Ok(Self::Shards(shards)),
            _ => Err("a number of shards from 1 on, or on-demand, is right"),
        }
    }
}
