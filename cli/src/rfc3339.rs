//! Times as they are shown.

use std::time::SystemTime;

use time::OffsetDateTime;
use time::macros::format_description;

/// Writes a time as RFC 3339 has it, to the millisecond, which is as fine as Kinesis tells it.
pub(crate) fn rfc3339(at: SystemTime) -> String {
    let form = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");
    // A time of four-digit years has all of these parts.
    OffsetDateTime::from(at).format(form).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::rfc3339;

    #[test]
    fn a_time_has_its_milliseconds() {
        let at = SystemTime::UNIX_EPOCH + Duration::from_millis(1_769_860_800_007);
        assert_eq!(rfc3339(at), "2026-01-31T12:00:00.007Z");
    }
}
