//! What a server answers to a call that it must refuse.

use std::error::Error;

use aws_sdk_kinesis::error::{ProvideErrorMetadata, SdkError};
use headwater_tests::explain;

/// The code with which a call was refused.
///
/// # Panics
///
/// When the call was accepted, or failed without a code.
pub(crate) fn refusal<T, E>(what: &str, result: Result<T, SdkError<E>>) -> String
where
    E: ProvideErrorMetadata + Error + 'static,
{
    match result {
        Ok(_) => panic!("{what}: accepted"),
        Err(error) => match error.code() {
            Some(code) => code.to_owned(),
            None => panic!("{what}: {}", explain(&error)),
        },
    }
}

/// Checks that a call was refused with `code`.
pub(crate) fn assert_refused<T, E>(what: &str, result: Result<T, SdkError<E>>, code: &str)
where
    E: ProvideErrorMetadata + Error + 'static,
{
    let refusal = refusal(what, result);
    assert!(refusal == code, "{what}: refused with {refusal}, not {code}");
}

/// Checks that a call was refused because of what it asks, whichever of the two codes AWS has for that.
///
/// AWS answers `ValidationException` where the API's model states the limit and `InvalidArgumentException` where the
/// service finds it, and has moved limits from one to the other.
pub(crate) fn assert_invalid<T, E>(what: &str, result: Result<T, SdkError<E>>)
where
    E: ProvideErrorMetadata + Error + 'static,
{
    let refusal = refusal(what, result);
    let invalid = ["ValidationException", "InvalidArgumentException"].contains(&refusal.as_str());
    assert!(invalid, "{what}: refused with {refusal}");
}
