//! How far the local clock is from the service's.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use aws_sdk_kinesis::config::interceptors::BeforeDeserializationInterceptorContextRef;
use aws_sdk_kinesis::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_kinesis::primitives::{DateTime, DateTimeFormat};

use crate::commands::doctor::check::Check;

/// What nobody needs to care about; signatures bear five minutes.
/// Source: [Elements of a request](https://docs.aws.amazon.com/IAM/latest/UserGuide/signing-elements.html).
const TOLERANCE: Duration = Duration::from_mins(1);

/// Sees by the `Date` of every answer how far the local clock is from the service's.
#[derive(Clone, Debug, Default)]
pub(crate) struct Clock {
    /// The difference by the last answer that bore a date, and whether the local clock is ahead.
    seen: Arc<Mutex<Option<(Duration, bool)>>>,
}

impl Intercept for Clock {
    fn name(&self) -> &'static str {
        "Clock"
    }

    fn read_before_deserialization(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), headwater::BoxError> {
        let date = context.response().headers().get("date");
        let date = date.and_then(|date| DateTime::from_str(date, DateTimeFormat::HttpDate).ok());
        if let Some(service) = date.and_then(|date| SystemTime::try_from(date).ok()) {
            *self.seen.lock().unwrap_or_else(PoisonError::into_inner) =
                Some(skew(SystemTime::now(), service));
        }
        Ok(())
    }
}

impl Clock {
    /// Tells it.
    pub(crate) fn check(&self) -> Check {
        let seen = *self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        match seen {
            None => Check::not_checked("clock", "no answer bore a date"),
            Some((off, _)) if off <= TOLERANCE => {
                Check::ok("clock", format!("within {} s of the service's", off.as_secs().max(1)))
            }
            Some((off, is_ahead)) => {
                let way = if is_ahead { "ahead of" } else { "behind" };
                let told = format!("the local clock is {} s {way} the service's", off.as_secs());
                Check::finding(
                    "clock",
                    told,
                    "set it by a time server, such as with chrony: signatures are refused from 300 s on",
                )
            }
        }
    }
}

fn skew(local: SystemTime, service: SystemTime) -> (Duration, bool) {
    match local.duration_since(service) {
        Ok(ahead) => (ahead, true),
        Err(behind) => (behind.duration(), false),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};
    use std::time::{Duration, SystemTime};

    use super::{Clock, skew};
    use crate::commands::doctor::check::Verdict;

    fn check(local: u64, service: u64) -> (Verdict, String) {
        let at = |seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        let seen = Arc::new(Mutex::new(Some(skew(at(local), at(service)))));
        let check = Clock { seen }.check();
        (check.verdict, check.told)
    }

    #[test]
    fn a_clock_that_is_off_is_told_by_how_much_and_which_way() {
        assert_eq!(check(1_000, 1_061).0, Verdict::Finding);
        assert_eq!(check(1_000, 1_061).1, "the local clock is 61 s behind the service's");
        assert_eq!(check(5_000, 1_000).1, "the local clock is 4000 s ahead of the service's");
        assert_eq!(check(1_000, 1_060).0, Verdict::Ok);
        assert_eq!(Clock::default().check().verdict, Verdict::NotChecked);
    }
}
