//! Spans of time, as a flag says them.

use std::time::Duration;

/// Reads a span of time, such as `250ms`, `10s` or `5m`.
pub(crate) fn duration(written: &str) -> Result<Duration, String> {
    humantime::parse_duration(written).map_err(|_| "a time such as 250ms, 10s or 5m is right".to_owned())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::duration;

    #[test]
    fn a_wrong_span_is_told_what_is_right() {
        assert_eq!(duration("1m 30s"), Ok(Duration::from_secs(90)));
        for wrong in ["", "5", "-5s", "5 parsecs", "soon"] {
            assert!(duration(wrong).unwrap_err().contains("such as 250ms"), "{wrong}");
        }
    }
}
