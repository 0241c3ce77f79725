//! The format that is spoken with an endpoint.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use aws_sdk_kinesis::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;

use super::Wire;
use super::failure::refuses_cbor;

/// The format of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Json,
    Cbor,
}

impl Format {
    /// Returns the format of an answer: what it says itself, or else that of its request.
    pub(crate) fn of(answer: &HttpResponse, asked: Self) -> Self {
        match answer.headers().get("content-type") {
            Some(said) if said.contains("cbor") => Self::Cbor,
            Some(said) if said.contains("json") => Self::Json,
            _ => asked,
        }
    }

    /// Puts a body in the place of that which a request has.
    pub(crate) fn put(self, body: Bytes, request: &mut HttpRequest) {
        let content_type = match self {
            Self::Json => "application/x-amz-json-1.1",
            Self::Cbor => "application/x-amz-cbor-1.1",
        };
        let headers = request.headers_mut();
        headers.insert("content-type", content_type);
        headers.insert("content-length", body.len().to_string());
        *request.body_mut() = SdkBody::from(body);
    }
}

/// How records are spoken of with one endpoint. Clones share what was learnt of it.
#[derive(Clone, Debug)]
pub(crate) struct Dialect {
    wire: Wire,
    /// The endpoint understands no CBOR.
    json_alone: Arc<AtomicBool>,
}

impl Dialect {
    pub(crate) fn new(wire: Wire) -> Self {
        Self { wire, json_alone: Arc::new(AtomicBool::new(false)) }
    }

    /// Makes a call in the format that this crate writes and reads; in `None` where the SDK does. Where the endpoint refuses
    /// CBOR the call is made again in JSON, and so are all others from then on.
    pub(crate) async fn speak<T, E, F>(
        &self,
        call: impl Fn(Option<Format>) -> F,
    ) -> Result<T, SdkError<E, HttpResponse>>
    where
        E: ProvideErrorMetadata,
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    {
        loop {
            let format = self.format();
            match call(format).await {
                Err(error) if format == Some(Format::Cbor) && refuses_cbor(&error) => self.forget_cbor(),
                answer => return answer,
            }
        }
    }

    pub(crate) fn format(&self) -> Option<Format> {
        match self.wire {
            Wire::Sdk => None,
            Wire::Cbor if !self.json_alone.load(Ordering::Relaxed) => Some(Format::Cbor),
            Wire::Json | Wire::Cbor => Some(Format::Json),
        }
    }

    /// Takes notice that the endpoint refused a call because it was in CBOR.
    fn forget_cbor(&self) {
        if !self.json_alone.swap(true, Ordering::Relaxed) {
            tracing::info!("the endpoint refused CBOR; it is spoken to in JSON from now on");
        }
    }
}

impl Default for Dialect {
    fn default() -> Self {
        Self::new(Wire::default())
    }
}
