//! Why a call was refused.

use std::error::Error;

use aws_sdk_kinesis::error::{ProvideErrorMetadata, SdkError};

use crate::commands::doctor::check::Check;
use crate::failure::chain;

/// Why a call was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) why: Why,
    /// What the service said.
    pub(crate) told: String,
}

/// Why a call was refused, as far as the remedy goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Why {
    /// Who asks may not do it.
    Denied,
    /// Who asks is not known, or no longer.
    Unknown,
    /// What is asked for is not there.
    NotFound,
    /// It may be tried again.
    Busy,
    /// The endpoint has no such operation.
    NotOffered,
    /// There is no answer.
    Silent,
    /// The request is wrong, or something else is.
    Other,
}

impl<E: ProvideErrorMetadata + Error + 'static> From<SdkError<E>> for Refusal {
    fn from(error: SdkError<E>) -> Self {
        let SdkError::ServiceError(service) = &error else {
            let why = match error {
                SdkError::ConstructionFailure(_) => Why::Other,
                _ => Why::Silent,
            };
            return Self { why, told: chain(&error) };
        };
        let code = service.err().code().unwrap_or("unknown error");
        let told = format!("{code}: {}", service.err().message().unwrap_or("no message"));
        Self { why: why(code), told }
    }
}

/// Sorts the codes of Kinesis, of its front end and of STS.
/// Source: [Common errors](https://docs.aws.amazon.com/kinesis/latest/APIReference/CommonErrors.html).
fn why(code: &str) -> Why {
    match code {
        "AccessDeniedException"
        | "AccessDenied"
        | "NotAuthorized"
        | "KMSAccessDeniedException"
        | "OptInRequired" => Why::Denied,
        "UnrecognizedClientException"
        | "InvalidClientTokenId"
        | "InvalidSignatureException"
        | "SignatureDoesNotMatch"
        | "IncompleteSignature"
        | "IncompleteSignatureException"
        | "MissingAuthenticationToken"
        | "MissingAuthenticationTokenException"
        | "AuthFailure"
        | "RequestExpired"
        | "ExpiredToken"
        | "ExpiredTokenException" => Why::Unknown,
        "ResourceNotFoundException" => Why::NotFound,
        "ProvisionedThroughputExceededException"
        | "LimitExceededException"
        | "ThrottlingException"
        | "Throttling"
        | "InternalFailure"
        | "ServiceUnavailable"
        | "ResourceInUseException"
        | "KMSThrottlingException" => Why::Busy,
        "UnknownOperationException" | "InvalidAction" | "UnsupportedOperation" => Why::NotOffered,
        _ => Why::Other,
    }
}

impl Refusal {
    /// An answer lacks what it is there for.
    pub(crate) fn empty(operation: &str) -> Self {
        Self { why: Why::Other, told: format!("the answer to {operation} is empty") }
    }

    /// Tells it of an action that is needed on a resource.
    pub(crate) fn of_action(&self, action: &str, resource: &str) -> Check {
        let told = self.told.as_str();
        match self.why {
            Why::Denied => Check::finding(action, told, format!("allow {action} on {resource}")),
            Why::Unknown => Check::finding(
                action,
                told,
                "take credentials that are known and valid: --profile, AWS_PROFILE or the variables of AWS; log in again \
                 where they expire",
            ),
            Why::NotFound => Check::finding(
                action,
                told,
                format!(
                    "look at what there is with headwater list; {resource} may be in another region (--region) or account"
                ),
            ),
            Why::Silent => Check::finding(
                action,
                told,
                "look at --endpoint-url, --region, the network and its proxies: nothing answers there",
            ),
            Why::Busy | Why::NotOffered => Check::not_checked(action, told),
            Why::Other => Check::finding(action, told, "look at what the service says"),
        }
    }

    /// Tells it of an action that is only needed to look: to be refused is no finding then.
    pub(crate) fn of_look(&self, name: &str, action: &str) -> Check {
        let why = match self.why {
            Why::NotOffered => format!("the endpoint has no {action}"),
            _ => format!("{action} was refused, and nothing but this look needs it: {}", self.told),
        };
        Check::not_checked(name, why)
    }
}

#[cfg(test)]
mod tests {
    use super::{Refusal, Why, why};
    use crate::commands::doctor::check::Verdict;

    #[test]
    fn what_is_denied_is_to_be_allowed_by_name() {
        assert_eq!(why("AccessDeniedException"), Why::Denied);
        let refusal = Refusal { why: Why::Denied, told: "AccessDeniedException: no".to_owned() };
        let check = refusal.of_action("kinesis:GetRecords", "arn:x");
        assert_eq!(check.remedy.as_deref(), Some("allow kinesis:GetRecords on arn:x"));
    }

    #[test]
    fn what_may_be_tried_again_is_no_finding() {
        for code in ["ThrottlingException", "InternalFailure", "UnknownOperationException"] {
            let refusal = Refusal { why: why(code), told: code.to_owned() };
            assert_eq!(refusal.of_action("a", "b").verdict, Verdict::NotChecked, "{code}");
        }
    }
}
