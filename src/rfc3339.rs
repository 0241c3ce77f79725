//! Times as a person reads them: RFC 3339, in UTC.

use std::time::SystemTime;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// Writes a time to the millisecond, rounded down; `None` where its year does not have four digits.
pub(crate) fn write(time: SystemTime) -> Option<String> {
    let nanos = match time.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(since) => i128::try_from(since.as_nanos()).ok()?,
        Err(before) => -i128::try_from(before.duration().as_nanos()).ok()?,
    };
    let time = OffsetDateTime::from_unix_timestamp_nanos(nanos).ok()?;
    let (date, (hour, minute, second, millis)) = (time.date(), time.time().as_hms_milli());
    let (year, month, day) = (date.year(), u8::from(date.month()), date.day());
    let text = format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{millis:03}Z");
    (0..=9_999).contains(&year).then_some(text)
}

/// Reads a time with any offset and as many digits of a second as it has.
pub(crate) fn read(text: &str) -> Result<SystemTime, String> {
    OffsetDateTime::parse(text, &Rfc3339)
        .map(SystemTime::from)
        .map_err(|error| format!("\"{text}\" is no time as 2026-01-31T12:00:00.000Z: {error}"))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn milliseconds_survive_on_both_sides_of_1970_and_finer_parts_are_rounded_down() {
        for (millis, text) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (1_753_000_000_123, "2025-07-20T08:26:40.123Z"),
            (951_782_400_001, "2000-02-29T00:00:00.001Z"),
        ] {
            let time = SystemTime::UNIX_EPOCH + Duration::from_millis(millis);
            assert_eq!(write(time + Duration::from_nanos(999_999)).as_deref(), Some(text));
            assert_eq!(read(text).unwrap(), time);
        }
        let before = SystemTime::UNIX_EPOCH - Duration::from_millis(1);
        assert_eq!(write(before).as_deref(), Some("1969-12-31T23:59:59.999Z"));
        assert_eq!(read("1969-12-31T23:59:59.999Z").unwrap(), before);
    }

    #[test]
    fn an_offset_is_read_and_a_year_of_five_digits_is_not_written() {
        let noon = SystemTime::UNIX_EPOCH + Duration::from_hours(12);
        assert_eq!(read("1970-01-01T14:00:00+02:00").unwrap(), noon);
        let millennia = Duration::from_hours(24 * 366 * 9_000);
        assert_eq!(write(SystemTime::UNIX_EPOCH + millennia), None);
        assert!(read("yesterday").unwrap_err().starts_with("\"yesterday\" is no time as "));
    }
}
