//! Where reading begins, as a flag says it.

use std::str::FromStr;
use std::time::{Duration, SystemTime};

use headwater::SequenceNumber;

/// Where reading begins: `horizon`, `latest`, `-15m`, an RFC 3339 time or a sequence number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Begin {
    /// The oldest record that the stream holds.
    Horizon,
    /// What comes from now on.
    Latest,
    /// The first record that arrived at or after a time.
    Time(SystemTime),
    /// A record of one shard.
    Sequence(SequenceNumber),
}

impl FromStr for Begin {
    type Err = String;

    fn from_str(begin: &str) -> Result<Self, String> {
        match begin {
            "horizon" | "TRIM_HORIZON" => return Ok(Self::Horizon),
            "latest" | "LATEST" => return Ok(Self::Latest),
            _ => {}
        }
        // A sequence number is longer than any year.
        if begin.len() > 8 && begin.bytes().all(|byte| byte.is_ascii_digit()) {
            return Ok(Self::Sequence(begin.into()));
        }
        time(begin).map(Self::Time).ok_or_else(|| {
            "horizon, latest, a time ago such as -15m, a time such as 2026-01-31T12:00:00Z, or a sequence number is right"
                .to_owned()
        })
    }
}

/// Reads a time: `-15m` is a quarter of an hour ago, `2026-01-31T12:00:00Z` is RFC 3339.
pub(crate) fn time(written: &str) -> Option<SystemTime> {
    if let Some(ago) = written.strip_prefix('-') {
        let ago: Duration = humantime::parse_duration(ago).ok()?;
        return SystemTime::now().checked_sub(ago);
    }
    let read = time::OffsetDateTime::parse(written, &time::format_description::well_known::Rfc3339).ok()?;
    Some(read.into())
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::Begin;

    #[test]
    fn a_start_is_read_in_every_form() {
        assert_eq!("horizon".parse(), Ok(Begin::Horizon));
        assert_eq!("latest".parse(), Ok(Begin::Latest));
        let noon = SystemTime::UNIX_EPOCH + Duration::from_hours(491_628);
        assert_eq!("2026-01-31T12:00:00Z".parse(), Ok(Begin::Time(noon)));
        let sequence = "49590338271490256608559692538361571095921575989136588898";
        assert_eq!(sequence.parse(), Ok(Begin::Sequence(sequence.into())));
        assert!(matches!("-15m".parse(), Ok(Begin::Time(time)) if time < SystemTime::now()));
    }

    #[test]
    fn a_wrong_start_is_told_what_is_right() {
        for wrong in ["", "yesterday", "-15", "2026-01-31", "12"] {
            assert!(wrong.parse::<Begin>().unwrap_err().contains("horizon"), "{wrong}");
        }
    }
}
