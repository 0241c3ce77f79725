//! From an error of the AWS SDK to the one of the workspace.

use std::error::Error as StdError;

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_kinesis::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use headwater::{Error, ErrorKind};

use crate::clock::Skew;

/// The code of an iterator that lived longer than five minutes.
pub(crate) const EXPIRED_ITERATOR: &str = "ExpiredIteratorException";

/// Sorts an error code of Kinesis or of the AWS front end. `None` for one that is not known.
///
/// Source: [Common errors](https://docs.aws.amazon.com/kinesis/latest/APIReference/CommonErrors.html) and the pages of
/// the operations.
pub(crate) fn kind_of_code(code: &str) -> Option<ErrorKind> {
    Some(match code {
        "ResourceNotFoundException" => ErrorKind::NotFound,
        "ResourceInUseException" => ErrorKind::NotReady,
        "ProvisionedThroughputExceededException"
        | "LimitExceededException"
        | "ThrottlingException"
        | "Throttling"
        | "RequestThrottled"
        | "RequestLimitExceeded"
        | "TooManyRequestsException"
        | "KMSThrottlingException" => ErrorKind::Throttled,
        "InternalFailure"
        | "InternalFailureException"
        | "InternalServerError"
        | "InternalServiceException"
        | "ServiceUnavailable"
        | "ServiceUnavailableException" => ErrorKind::Unavailable,
        "RequestTimeout" | "RequestTimeoutException" => ErrorKind::Timeout,
        "AccessDenied"
        | "AccessDeniedException"
        | "NotAuthorized"
        | "OptInRequired"
        | "UnrecognizedClientException"
        | "InvalidClientTokenId"
        | "InvalidSignatureException"
        | "IncompleteSignature"
        | "IncompleteSignatureException"
        | "SignatureDoesNotMatch"
        | "RequestTimeTooSkewed"
        | "AuthFailure"
        | "MissingAuthenticationToken"
        | "MissingAuthenticationTokenException"
        | "ExpiredToken"
        | "ExpiredTokenException"
        | "RequestExpired"
        | "KMSAccessDeniedException"
        | "KMSOptInRequired" => ErrorKind::AccessDenied,
        "InvalidArgumentException"
        | "ValidationException"
        | "ValidationError"
        | "SerializationException"
        | "UnknownOperationException"
        | "InvalidAction"
        | "KMSDisabledException"
        | "KMSInvalidStateException"
        | "KMSNotFoundException" => ErrorKind::Invalid,
        _ => return None,
    })
}

/// Tells whether the credentials that a call was signed with have expired.
fn is_expired(code: &str) -> bool {
    matches!(code, "ExpiredToken" | "ExpiredTokenException")
}

/// Tells whether a call may have been refused for the time that it was signed at. The SDK has the same list, but for
/// AccessDeniedException, which mostly means what it says, and RequestExpired.
fn is_about_time(code: &str) -> bool {
    matches!(
        code,
        "InvalidSignatureException"
            | "SignatureDoesNotMatch"
            | "RequestExpired"
            | "RequestTimeTooSkewed"
            | "AuthFailure"
    )
}

/// Tells whether a call was refused for nothing but its signature, so that a new one may do.
pub(crate) fn passes<E>(error: &SdkError<E, HttpResponse>) -> bool
where
    E: ProvideErrorMetadata,
{
    let code = error.code().unwrap_or_default();
    is_expired(code) || (is_about_time(code) && error.raw_response().and_then(Skew::told_by).is_some())
}

/// Sorts an error of the SDK and puts the operation and its subject in front.
pub(crate) fn from_sdk<E>(context: String, error: &SdkError<E, HttpResponse>) -> Error
where
    E: StdError + ProvideErrorMetadata + Send + Sync + 'static,
{
    if let Some(own) = causes(error).find_map(<dyn StdError>::downcast_ref::<Error>) {
        return Error::new(own.kind(), context).caused_by(own.restate());
    }
    let kind = match error {
        SdkError::TimeoutError(_) => ErrorKind::Timeout,
        SdkError::ServiceError(service) => {
            let status = service.raw().status().as_u16();
            service.err().code().and_then(kind_of_code).unwrap_or(match status {
                408 => ErrorKind::Timeout,
                429 => ErrorKind::Throttled,
                500.. => ErrorKind::Unavailable,
                401 | 403 => ErrorKind::AccessDenied,
                _ => ErrorKind::Invalid,
            })
        }
        SdkError::DispatchFailure(failure) if failure.is_timeout() => ErrorKind::Timeout,
        SdkError::DispatchFailure(_) | SdkError::ConstructionFailure(_) if lacks_credentials(error) => {
            ErrorKind::AccessDenied
        }
        SdkError::ConstructionFailure(_) => ErrorKind::Invalid,
        // No answer, or one that cannot be read: the operation may have been applied.
        _ => ErrorKind::Unavailable,
    };
    let cause = match error {
        SdkError::ServiceError(service) => {
            let code = service.err().code().unwrap_or("unknown error");
            let text = format!("{code}: {}", service.err().message().unwrap_or("no message"));
            // What looks like wrong credentials is then none, and no change of them would help.
            let skew = Skew::told_by(service.raw()).filter(|_| is_about_time(code) || is_expired(code));
            match skew {
                Some(skew) => format!("{text}: {skew}"),
                None => text,
            }
        }
        SdkError::TimeoutError(_) => "no answer in time".to_owned(),
        other => chain(other),
    };
    Error::new(kind, context).caused_by(cause)
}

/// Writes an error and its causes in one line. The SDK's own way adds their debug output, which no operator reads.
pub(crate) fn chain(error: &(dyn StdError + 'static)) -> String {
    causes(error).map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

pub(crate) fn causes<'a>(
    error: &'a (dyn StdError + 'static),
) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |&error| error.source())
}

fn lacks_credentials(error: &(dyn StdError + 'static)) -> bool {
    causes(error).any(<dyn StdError>::is::<CredentialsError>)
}
