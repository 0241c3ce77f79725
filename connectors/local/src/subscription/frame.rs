//! Messages of the event stream encoding.
//! <https://smithy.io/2.0/aws/amazon-eventstream.html>

use aws_smithy_eventstream::frame::write_message_to;
use aws_smithy_types::event_stream::{Header, HeaderValue, Message};
use bytes::Bytes;

use crate::error::Error;
use crate::format::Format;
use crate::ops::Reading;

/// The content type of an answer in this encoding.
pub(crate) const CONTENT_TYPE: &str = "application/vnd.amazon.eventstream";

/// Bytes of a message apart from its payload.
const ENVELOPE_BYTES: usize = 256;

/// Writes the answer's own members, of which SubscribeToShard has none.
pub(super) fn initial_response(format: Format) -> Bytes {
    message("event", ":event-type", "initial-response", format, format.encode_empty())
}

/// Writes an event. `continuation` is the counter that it can be resumed after.
pub(super) fn event(reading: &Reading, continuation: Option<u64>, format: Format) -> Bytes {
    let payload = format.encode_event(reading, continuation);
    message("event", ":event-type", "SubscribeToShardEvent", format, payload)
}

/// Writes an exception, which is the last message.
pub(super) fn exception(error: &Error, format: Format) -> Bytes {
    let payload = format.encode_error(error);
    message("exception", ":exception-type", error.code().name(), format, payload)
}

/// Writes a message, whose payload has the format of the request.
fn message(
    kind: &'static str,
    name: &'static str,
    value: &'static str,
    format: Format,
    payload: Bytes,
) -> Bytes {
    let header =
        |name: &'static str, value: &'static str| Header::new(name, HeaderValue::String(value.into()));
    let mut written = Vec::with_capacity(ENVELOPE_BYTES + payload.len());
    let message = Message::new(payload)
        .add_header(header(name, value))
        .add_header(header(":content-type", format.content_type()))
        .add_header(header(":message-type", kind));
    write_message_to(&message, &mut written).expect("headers and payloads are far below what a frame holds");
    written.into()
}
