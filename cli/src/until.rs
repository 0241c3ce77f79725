//! Where reading ends, as a flag says it.

use std::str::FromStr;

use headwater::source;

use crate::begin::time;

/// Where reading ends: `tip`, or a time as in `--from`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Until(pub(crate) source::Until);

impl FromStr for Until {
    type Err = String;

    fn from_str(until: &str) -> Result<Self, String> {
        if until == "tip" {
            return Ok(Self(source::Until::Tip));
        }
        time(until).map(|time| Self(source::Until::Time(time))).ok_or_else(|| {
            "tip, a time such as 2026-01-31T12:00:00Z, or a time ago such as -15m is right".to_owned()
        })
    }
}
