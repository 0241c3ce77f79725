//! One endpoint: what it stores, what it counts, and what happens to a call.

use std::collections::HashMap;
use std::future::pending;
use std::sync::{Arc, PoisonError, RwLock};

use bytes::Bytes;
use http::{HeaderMap, StatusCode};

use crate::counters::Tally;
use crate::error::{Error, ErrorCode};
use crate::faults::{After, Before, CallFaults, FaultSwitch, Target};
use crate::format::Format;
use crate::operation::Operation;
use crate::ops::{self, Output, Request};
use crate::rates::RateSwitch;
use crate::settings::Settings;
use crate::store::Account;
use crate::subscription::EventBody;

/// Everything behind a [`LocalKinesis`](crate::LocalKinesis), however calls come in.
#[derive(Debug)]
pub(crate) struct Endpoint {
    pub(crate) account: Account,
    pub(crate) faults: FaultSwitch,
    pub(crate) rates: RateSwitch,
    pub(crate) tally: Tally,
    /// Why calls signed with an access key are refused.
    refused_access_keys: RwLock<HashMap<String, KeyRefusal>>,
}

/// Why an access key is refused.
#[derive(Clone, Copy, Debug)]
pub(crate) enum KeyRefusal {
    /// Nobody knows it.
    Unknown,
    /// It belongs to a session that is over.
    Expired,
}

impl From<KeyRefusal> for Error {
    fn from(refusal: KeyRefusal) -> Self {
        let (code, what) = match refusal {
            KeyRefusal::Unknown => (ErrorCode::UnrecognizedClient, "invalid"),
            KeyRefusal::Expired => (ErrorCode::ExpiredToken, "expired"),
        };
        Self::new(code, format!("The security token included in the request is {what}."))
    }
}

/// What a client gets.
#[derive(Debug)]
pub(crate) enum Reply {
    Answer {
        status: StatusCode,
        content_type: &'static str,
        body: Bytes,
    },
    /// Events, as long as the subscription lasts.
    Events(Box<EventBody>),
    /// The connection breaks and there is no answer.
    Reset,
}

impl Reply {
    pub(crate) fn refusal(error: &Error, format: Format) -> Self {
        let status = StatusCode::from_u16(error.code().status()).unwrap_or(StatusCode::BAD_REQUEST);
        Self::Answer { status, content_type: format.content_type(), body: format.encode_error(error) }
    }

    /// What a body in no format of the service's gets.
    /// <https://github.com/mhart/kinesalite/blob/v3.3.3/index.js>, which is held against the real service
    fn unknown_format() -> Self {
        let body = Bytes::from_static(b"<UnknownOperationException/>\n");
        Self::Answer { status: StatusCode::NOT_FOUND, content_type: "application/xml", body }
    }
}

impl Endpoint {
    pub(crate) fn new(settings: Settings) -> Self {
        Self {
            account: Account::new(settings),
            faults: FaultSwitch::default(),
            rates: RateSwitch::default(),
            tally: Tally::default(),
            refused_access_keys: RwLock::default(),
        }
    }

    /// Answers one call. It may take as long as a fault says, for ever included; dropping it abandons the
    /// call.
    pub(crate) async fn call(self: &Arc<Self>, headers: &HeaderMap, body: Bytes) -> Reply {
        let operation = operation_of(headers);
        let Some(format) = self.format_of(headers) else {
            if let Some(operation) = operation {
                self.tally.call(operation);
                self.tally.refused(operation);
            }
            return Reply::unknown_format();
        };
        let Some(operation) = operation else {
            return Reply::refusal(&Error::new(ErrorCode::UnknownOperation, "Unknown operation."), format);
        };
        self.tally.call(operation);
        let refuse = |error: &Error| {
            self.tally.refused(operation);
            Reply::refusal(error, format)
        };
        let request = self.check_access_key(headers).and_then(|()| format.decode(operation, &body));
        drop(body);
        let request = match request {
            Ok(request) => request,
            Err(error) => return refuse(&error),
        };
        let faults = self.decide(&request);
        if !faults.delay.is_zero() {
            tokio::time::sleep(faults.delay).await;
        }
        match faults.before {
            Some(Before::Hang) => pending().await,
            Some(Before::Reset) => return Reply::Reset,
            Some(Before::Fail(code)) => {
                return refuse(&Error::new(code, "Failed on demand of a fault."));
            }
            None => {}
        }
        let reply = match self.perform(request) {
            Ok(Output::Subscribed(subscribed)) => {
                Reply::Events(Box::new(EventBody::new(Arc::clone(self), subscribed, format)))
            }
            Ok(output) => Reply::Answer {
                status: StatusCode::OK,
                content_type: format.content_type(),
                body: format.encode(&output),
            },
            Err(error) => refuse(&error),
        };
        match faults.after {
            Some(After::Lose) => Reply::Reset,
            Some(After::Hang) => pending().await,
            None => reply,
        }
    }

    /// Carries out a request, with its entries' faults and without its own.
    pub(crate) fn perform(&self, request: Request) -> Result<Output, Error> {
        ops::perform(self, request, self.account.clock.now())
    }

    pub(crate) fn refuse_access_key(&self, access_key_id: &str, why: KeyRefusal) {
        let mut refused = self.refused_access_keys.write().unwrap_or_else(PoisonError::into_inner);
        refused.insert(access_key_id.to_owned(), why);
    }

    pub(crate) fn allow_access_key(&self, access_key_id: &str) {
        let mut refused = self.refused_access_keys.write().unwrap_or_else(PoisonError::into_inner);
        refused.remove(access_key_id);
    }

    fn decide(&self, request: &Request) -> CallFaults {
        let Some(plan) = self.faults.plan() else { return CallFaults::default() };
        let (stream, shard) = request.target();
        let target =
            Target { operation: request.operation(), stream: stream.as_deref(), shard: shard.as_deref() };
        plan.call(target, |kind| self.tally.faults(kind, 1))
    }

    fn format_of(&self, headers: &HeaderMap) -> Option<Format> {
        Format::of(headers).filter(|format| *format != Format::Cbor || !self.account.settings.refuses_cbor)
    }

    fn check_access_key(&self, headers: &HeaderMap) -> Result<(), Error> {
        let refused = self.refused_access_keys.read().unwrap_or_else(PoisonError::into_inner);
        if refused.is_empty() {
            return Ok(());
        }
        let why = access_key_of(headers).and_then(|key| refused.get(key));
        why.map_or(Ok(()), |why| Err((*why).into()))
    }
}

fn operation_of(headers: &HeaderMap) -> Option<Operation> {
    Operation::from_target(headers.get("x-amz-target")?.to_str().ok()?)
}

/// Returns the access key id of a Signature Version 4 header.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/create-signed-request.html>
fn access_key_of(headers: &HeaderMap) -> Option<&str> {
    let authorization = headers.get(http::header::AUTHORIZATION)?.to_str().ok()?;
    let (_, credential) = authorization.split_once("Credential=")?;
    credential.split('/').next()
}
