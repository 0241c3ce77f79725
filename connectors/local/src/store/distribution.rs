//! How a stream shares its records among its shards.

use crate::error::Error;

/// Who chooses the shard of a record: the RecordDistributionStrategy of the API.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Distribution {
    /// The producer, by partition key or explicit hash key.
    #[default]
    ByKey,
    /// The stream itself. A partition key is kept where there is one, and neither key is looked at.
    Auto,
}

impl Distribution {
    /// Returns its name in the API.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::ByKey => "USER_PARTITION_KEY",
            Self::Auto => "AUTO",
        }
    }

    /// Reads a name of the API and checks it against the stream's capacity mode: only on-demand streams
    /// distribute by themselves.
    pub(crate) fn parse(name: &str, on_demand: bool) -> Result<Self, Error> {
        match name {
            "USER_PARTITION_KEY" => Ok(Self::ByKey),
            "AUTO" if on_demand => Ok(Self::Auto),
            "AUTO" => {
                let message = "RecordDistributionStrategy AUTO is only supported in ON_DEMAND mode.";
                Err(Error::invalid_argument(message))
            }
            other => {
                let rule = "satisfy enum value set: [AUTO, USER_PARTITION_KEY]";
                Err(Error::constraint(Some(other), "recordDistributionStrategy", rule))
            }
        }
    }
}
