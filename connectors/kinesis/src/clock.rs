//! How far the local clock is from the service's.

use std::fmt;
use std::time::{Duration, SystemTime};

use aws_sdk_kinesis::primitives::{DateTime, DateTimeFormat};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;

/// What a signature bears. A request may be five minutes off; the SDK, which corrects its clock by what answers tell,
/// begins at four.
/// Source: [Elements of a request](https://docs.aws.amazon.com/IAM/latest/UserGuide/signing-elements.html).
const TOLERANCE: Duration = Duration::from_mins(4);

/// A difference between two clocks that no signature bears.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Skew {
    /// The local clock is behind.
    Behind(Duration),
    /// The local clock is ahead.
    Ahead(Duration),
}

impl Skew {
    /// Reads from the `Date` of an answer that just came how far off the local clock is, if it is off too far.
    pub(crate) fn told_by(answer: &HttpResponse) -> Option<Self> {
        let date = DateTime::from_str(answer.headers().get("date")?, DateTimeFormat::HttpDate).ok()?;
        Self::between(SystemTime::now(), date.try_into().ok()?)
    }

    fn between(local: SystemTime, service: SystemTime) -> Option<Self> {
        let skew = match service.duration_since(local) {
            Ok(behind) => Self::Behind(behind),
            Err(ahead) => Self::Ahead(ahead.duration()),
        };
        let (Self::Behind(off) | Self::Ahead(off)) = skew;
        (off > TOLERANCE).then_some(skew)
    }
}

impl fmt::Display for Skew {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (off, way) = match self {
            Self::Behind(off) => (off, "behind"),
            Self::Ahead(off) => (off, "ahead of"),
        };
        write!(f, "the local clock is {} s {way} that of the service", off.as_secs())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_is_off_is_told_by_how_much_and_which_way() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_hours(400_000);
        let text = |service| Skew::between(now, service).map(|skew| skew.to_string());
        let behind = "the local clock is 1200 s behind that of the service".to_owned();
        assert_eq!(text(now + Duration::from_mins(20)), Some(behind));
        let ahead = "the local clock is 7200 s ahead of that of the service".to_owned();
        assert_eq!(text(now - Duration::from_hours(2)), Some(ahead));
    }

    #[test]
    fn a_clock_within_what_signatures_bear_is_not_off() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_hours(400_000);
        assert_eq!(Skew::between(now, now + Duration::from_mins(4)), None);
        assert_eq!(Skew::between(now, now - Duration::from_mins(4)), None);
    }
}
