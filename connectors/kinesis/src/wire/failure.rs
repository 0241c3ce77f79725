//! Answers that are errors.

use aws_sdk_kinesis::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use serde_json::json;

use super::Format;
use super::collect::collect;
use super::read::{Cbor, DEPTH, Read, Reader};

/// The most bytes that an error may have.
const LARGEST: usize = 64 << 10;

/// Has an error say in JSON, which the SDK reads, what it says in another format.
pub(crate) async fn in_json(
    format: Format,
    mut response: HttpResponse,
) -> Result<HttpResponse, ConnectorError> {
    if format == Format::Cbor {
        let body = collect(response.take_body(), LARGEST).await?;
        // What cannot be read is the SDK's to complain of.
        *response.body_mut() = translate(&body).map_or_else(|_| SdkBody::from(body), SdkBody::from);
    }
    Ok(response)
}

fn translate(body: &[u8]) -> Read<String> {
    let mut reader = Cbor::new(body, 0);
    let (mut code, mut message) = (None, None);
    let mut members = reader.map()?;
    while let Some(field) = reader.key(&mut members)? {
        match &*field {
            "__type" => code = reader.nullable(Cbor::text)?,
            "message" | "Message" => message = reader.nullable(Cbor::text)?,
            _ => reader.skip(DEPTH)?,
        }
    }
    Ok(json!({ "__type": code, "message": message }).to_string())
}

/// Tells whether an endpoint refused a call in CBOR because it does not understand it. It did nothing then.
///
/// Kinesis itself, and what imitates it, names an operation that it does not know, or a body that is none, for a content
/// type that it does not know; others have a status for that.
pub(crate) fn refuses_cbor<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>) -> bool {
    match error.code() {
        Some(code) => matches!(
            code,
            "UnknownOperationException"
                | "SerializationException"
                | "UnsupportedMediaTypeException"
                | "InvalidAction"
        ),
        None => error.raw_response().is_some_and(|raw| matches!(raw.status().as_u16(), 404 | 406 | 415)),
    }
}
