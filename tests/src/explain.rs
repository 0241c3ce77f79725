//! Errors of the SDK in one line.

use std::error::Error;
use std::fmt::Debug;

use aws_sdk_kinesis::error::{ProvideErrorMetadata, SdkError};

/// Says why a call failed: the code and message of the service, or what kept it from answering.
///
/// The SDK's own `Display` is one word, and its `Debug` the whole response.
pub fn explain<E, R>(error: &SdkError<E, R>) -> String
where
    E: ProvideErrorMetadata + Error + 'static,
    R: Debug + 'static,
{
    if let Some(code) = error.code() {
        return format!("{code}: {}", error.message().unwrap_or("no message"));
    }
    let mut causes = vec![error.to_string()];
    let mut cause = error.source();
    while let Some(error) = cause {
        causes.push(error.to_string());
        cause = error.source();
    }
    causes.join(": ")
}
