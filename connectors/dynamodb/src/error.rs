//! From an error of the AWS SDK to the one of the workspace.

use std::error::Error as StdError;

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use headwater::{Error, ErrorKind};

/// The code of a write whose condition did not hold.
pub(crate) const CONDITION_FAILED: &str = "ConditionalCheckFailedException";
/// The code of a transaction that was not done; its reasons say why.
pub(crate) const CANCELED: &str = "TransactionCanceledException";

/// Sorts an error code of DynamoDB or of the AWS front end. `None` for one that is not known.
///
/// Source: [Error handling with DynamoDB](https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html).
pub(crate) fn kind_of_code(code: &str) -> Option<ErrorKind> {
    Some(match code {
        "ResourceNotFoundException" | "TableNotFoundException" => ErrorKind::NotFound,
        "ResourceInUseException" => ErrorKind::NotReady,
        // Of a table that is being written by someone else, the next try finds it written.
        "ProvisionedThroughputExceededException"
        | "ProvisionedThroughputExceeded"
        | "RequestLimitExceeded"
        | "LimitExceededException"
        | "ThrottlingException"
        | "ThrottlingError"
        | "Throttling"
        | "TransactionConflictException"
        | "TransactionConflict"
        | "TransactionInProgressException"
        | "ReplicatedWriteConflictException" => ErrorKind::Throttled,
        "InternalServerError" | "InternalFailure" | "ServiceUnavailable" => ErrorKind::Unavailable,
        "RequestTimeout" | "RequestTimeoutException" => ErrorKind::Timeout,
        "AccessDenied"
        | "AccessDeniedException"
        | "NotAuthorized"
        | "OptInRequired"
        | "UnrecognizedClientException"
        | "InvalidClientTokenId"
        | "InvalidSignatureException"
        | "IncompleteSignatureException"
        | "SignatureDoesNotMatch"
        | "MissingAuthenticationToken"
        | "MissingAuthenticationTokenException"
        | "ExpiredToken"
        | "ExpiredTokenException" => ErrorKind::AccessDenied,
        "ValidationException" | "ValidationError" | "SerializationException" => ErrorKind::Invalid,
        "ItemCollectionSizeLimitExceededException" | "ItemCollectionSizeLimitExceeded" => ErrorKind::Store,
        _ => return None,
    })
}

/// Sorts an error of the SDK, and puts the operation and its table in front. `action` is what IAM calls the operation.
pub(crate) fn from_sdk<E>(context: String, action: &str, error: &SdkError<E, HttpResponse>) -> Error
where
    E: StdError + ProvideErrorMetadata + Send + Sync + 'static,
{
    let kind = match error {
        SdkError::TimeoutError(_) => ErrorKind::Timeout,
        SdkError::ServiceError(service) => {
            let status = service.raw().status().as_u16();
            service.err().code().and_then(kind_of_code).unwrap_or(match status {
                408 => ErrorKind::Timeout,
                429 => ErrorKind::Throttled,
                500.. => ErrorKind::Unavailable,
                401 | 403 => ErrorKind::AccessDenied,
                _ => ErrorKind::Store,
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
            format!("{code}: {}", service.err().message().unwrap_or("no message"))
        }
        SdkError::TimeoutError(_) => "no answer in time".to_owned(),
        other => causes(other).map(ToString::to_string).collect::<Vec<_>>().join(": "),
    };
    let cause = match kind {
        ErrorKind::AccessDenied => {
            format!("{cause}; valid credentials and a policy that allows dynamodb:{action} are needed")
        }
        _ => cause,
    };
    Error::new(kind, context).caused_by(cause)
}

fn causes<'a>(error: &'a (dyn StdError + 'static)) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |&error| error.source())
}

fn lacks_credentials(error: &(dyn StdError + 'static)) -> bool {
    causes(error).any(<dyn StdError>::is::<CredentialsError>)
}
