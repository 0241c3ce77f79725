//! The formats that bodies come and go in.

#[cfg(test)]
mod tests;

use bytes::Bytes;
use http::HeaderMap;
use http::header::CONTENT_TYPE;

use crate::cbor::{self, CborBody};
use crate::error::Error;
use crate::json::{self, JsonBody};
use crate::operation::Operation;
use crate::ops::{self, Output, Reading, Request};

/// A format of bodies. The answer to a request has that of the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Json,
    Cbor,
}

impl Format {
    /// Returns the format of a request.
    pub(crate) fn of(headers: &HeaderMap) -> Option<Self> {
        let content_type = headers.get(CONTENT_TYPE)?.to_str().ok()?;
        // Parameters such as `charset` may follow.
        let content_type = content_type.split(';').next()?.trim();
        [Self::Json, Self::Cbor].into_iter().find(|format| format.content_type() == content_type)
    }

    pub(crate) fn content_type(self) -> &'static str {
        match self {
            Self::Json => "application/x-amz-json-1.1",
            Self::Cbor => "application/x-amz-cbor-1.1",
        }
    }

    /// Reads the body of an operation's request.
    pub(crate) fn decode(self, operation: Operation, body: &Bytes) -> Result<Request, Error> {
        match self {
            Self::Json => ops::decode(operation, &JsonBody(body)),
            Self::Cbor => ops::decode(operation, &CborBody(body)),
        }
    }

    /// Writes the answer of an operation.
    pub(crate) fn encode(self, output: &Output) -> Bytes {
        match self {
            Self::Json => json::encode(output),
            Self::Cbor => cbor::encode(output),
        }
    }

    /// Writes an error.
    pub(crate) fn encode_error(self, error: &Error) -> Bytes {
        match self {
            Self::Json => json::encode_error(error.code(), error.message()),
            Self::Cbor => cbor::encode_error(error.code(), error.message()),
        }
    }

    /// Writes a SubscribeToShardEvent. `continuation` is the counter that it can be resumed after.
    pub(crate) fn encode_event(self, reading: &Reading, continuation: Option<u64>) -> Bytes {
        match self {
            Self::Json => json::encode_event(reading, continuation),
            Self::Cbor => cbor::encode_event(reading, continuation),
        }
    }

    /// Writes an answer without members.
    pub(crate) fn encode_empty(self) -> Bytes {
        Bytes::from_static(match self {
            Self::Json => b"{}",
            Self::Cbor => b"\xa0",
        })
    }
}
