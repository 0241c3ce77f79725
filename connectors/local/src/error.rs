//! What a refused request says: AWS's error code, its HTTP status and a message.

use std::fmt;

/// An error code of the Kinesis API.
///
/// Used by [`Error`] to say why a call was refused, and by [`Fault`](crate::Fault) to choose what a fault
/// answers.
///
/// ```
/// use headwater_local::ErrorCode;
///
/// assert_eq!(ErrorCode::ProvisionedThroughputExceeded.name(), "ProvisionedThroughputExceededException");
/// assert_eq!(ErrorCode::ServiceUnavailable.status(), 503);
/// assert_eq!(ErrorCode::Other { name: "KMSThrottlingException", status: 400 }.status(), 400);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorCode {
    /// The caller may not do this.
    AccessDenied,
    /// The shard iterator is older than its lifetime.
    ExpiredIterator,
    /// The paging token is older than its lifetime.
    ExpiredNextToken,
    /// The session token of the credentials has expired.
    ExpiredToken,
    /// The service failed, HTTP 500. Also the code of a PutRecords entry that failed inside the service.
    InternalFailure,
    /// A parameter is well formed and still wrong.
    InvalidArgument,
    /// The signature does not match the request.
    InvalidSignature,
    /// A quota of the account is reached.
    LimitExceeded,
    /// The request is not signed.
    MissingAuthenticationToken,
    /// A shard's write or read rate is exceeded.
    ProvisionedThroughputExceeded,
    /// The HTTP body is larger than any valid request, HTTP 413.
    RequestEntityTooLarge,
    /// The resource is busy, or not in the state that the operation needs.
    ResourceInUse,
    /// There is no such stream or shard.
    ResourceNotFound,
    /// The body is not what the operation takes.
    Serialization,
    /// The service is not available, HTTP 503.
    ServiceUnavailable,
    /// The account calls too often.
    Throttling,
    /// There is no such operation.
    UnknownOperation,
    /// The access key is not known.
    UnrecognizedClient,
    /// A parameter breaks its constraint.
    Validation,
    /// The loopback socket could not be used. Never sent to a client.
    Io,
    /// Any other code, as it is to be sent.
    Other {
        /// The code's name on the wire.
        name: &'static str,
        /// The HTTP status of an answer that carries it.
        status: u16,
    },
}

impl ErrorCode {
    /// Returns the name that goes over the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::AccessDenied => "AccessDeniedException",
            Self::ExpiredIterator => "ExpiredIteratorException",
            Self::ExpiredNextToken => "ExpiredNextTokenException",
            Self::ExpiredToken => "ExpiredTokenException",
            Self::InternalFailure => "InternalFailure",
            Self::InvalidArgument => "InvalidArgumentException",
            Self::InvalidSignature => "InvalidSignatureException",
            Self::LimitExceeded => "LimitExceededException",
            Self::MissingAuthenticationToken => "MissingAuthenticationTokenException",
            Self::ProvisionedThroughputExceeded => "ProvisionedThroughputExceededException",
            Self::RequestEntityTooLarge => "RequestEntityTooLargeException",
            Self::ResourceInUse => "ResourceInUseException",
            Self::ResourceNotFound => "ResourceNotFoundException",
            Self::Serialization => "SerializationException",
            Self::ServiceUnavailable => "ServiceUnavailable",
            Self::Throttling => "ThrottlingException",
            Self::UnknownOperation => "UnknownOperationException",
            Self::UnrecognizedClient => "UnrecognizedClientException",
            Self::Validation => "ValidationException",
            Self::Io => "Io",
            Self::Other { name, .. } => name,
        }
    }

    /// Returns the HTTP status of an answer that carries this code.
    pub fn status(self) -> u16 {
        match self {
            Self::InternalFailure => 500,
            Self::ServiceUnavailable => 503,
            Self::RequestEntityTooLarge => 413,
            Self::Other { status, .. } => status,
            _ => 400,
        }
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A refused call: an [`ErrorCode`] and AWS's message for it.
///
/// ```
/// use headwater_local::{ErrorCode, LocalKinesis};
///
/// let error = LocalKinesis::new().records("orders").unwrap_err();
/// assert_eq!(error.code(), ErrorCode::ResourceNotFound);
/// assert_eq!(error.message(), "Stream orders under account 000000000000 not found.");
/// ```
#[derive(Debug)]
pub struct Error {
    code: ErrorCode,
    message: String,
    source: Option<std::io::Error>,
}

impl Error {
    /// Returns the code.
    pub fn code(&self) -> ErrorCode {
        self.code
    }

    /// Returns the message as a client would read it.
    pub fn message(&self) -> &str {
        &self.message
    }

    pub(crate) fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), source: None }
    }

    pub(crate) fn io(message: impl Into<String>, source: std::io::Error) -> Self {
        Self { code: ErrorCode::Io, message: message.into(), source: Some(source) }
    }

    pub(crate) fn invalid_argument(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::InvalidArgument, message)
    }

    pub(crate) fn not_found(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::ResourceNotFound, message)
    }

    /// Says of one parameter that it breaks its constraint, in the words AWS uses.
    pub(crate) fn constraint(value: Option<&str>, at: &str, rule: &str) -> Self {
        let value = value.map_or_else(|| "null".to_owned(), |value| format!("'{value}'"));
        Self::new(
            ErrorCode::Validation,
            format!(
                "1 validation error detected: Value {value} at '{at}' failed to satisfy constraint: Member must {rule}"
            ),
        )
    }

    pub(crate) fn missing(at: &str) -> Self {
        Self::constraint(None, at, "not be null")
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.code {
            ErrorCode::Io => f.write_str(&self.message),
            code => write!(f, "{code}: {}", self.message),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_ref().map(|source| source as _)
    }
}
