//! The two formats.

use bytes::Bytes;
use hyper::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use serde_json::json;

use crate::null::cbor::Writer;
use crate::outcome::Outcome;

/// How a call and its answer are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    /// `application/x-amz-json-1.1`.
    Json,
    /// `application/x-amz-cbor-1.1`.
    Cbor,
}

impl Encoding {
    /// Returns that of a request.
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let content_type = headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes);
        if content_type == Some(Self::Cbor.content_type().as_bytes()) { Self::Cbor } else { Self::Json }
    }

    /// Returns its name.
    pub(super) fn content_type(self) -> &'static str {
        match self {
            Self::Json => "application/x-amz-json-1.1",
            Self::Cbor => "application/x-amz-cbor-1.1",
        }
    }

    /// Writes why a call failed.
    pub(super) fn refusal(self, message: &str) -> Outcome<Bytes> {
        const CODE: &str = "ValidationException";
        Ok(match self {
            Self::Json => serde_json::to_vec(&json!({ "__type": CODE, "message": message }))?.into(),
            Self::Cbor => {
                let mut body = Vec::new();
                body.map(2);
                body.text("__type");
                body.text(CODE);
                body.text("message");
                body.text(message);
                body.into()
            }
        })
    }
}
