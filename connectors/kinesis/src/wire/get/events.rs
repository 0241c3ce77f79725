//! SubscribeToShard, read in place of the SDK.

use std::fmt;
use std::mem;
use std::sync::{Arc, Mutex, PoisonError};

use aws_smithy_eventstream::frame::{DecodedFrame, MessageFrameDecoder};
use aws_smithy_eventstream::smithy::{ResponseHeaders, parse_response_headers};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;
use aws_smithy_types::event_stream::Message;
use aws_smithy_types::str_bytes::StrBytes;
use bytes::BytesMut;
use futures::FutureExt;
use futures::future::{BoxFuture, ready};
use headwater::{Error, ErrorKind, Result};

use super::parser::LARGEST;
use super::request::write;
use super::{Answer, Parser};
use crate::wire::{Exchange, Format, failure};

/// Takes the events of one SubscribeToShard call, and leaves the SDK none.
#[derive(Debug)]
pub(crate) struct Subscribe {
    format: Format,
    events: Mutex<Option<EventStream>>,
}

impl Subscribe {
    pub(crate) fn new(format: Format) -> Arc<Self> {
        Arc::new(Self { format, events: Mutex::default() })
    }

    /// Returns the events, once the call has succeeded.
    pub(crate) fn take(&self) -> Option<EventStream> {
        self.events.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl Exchange for Subscribe {
    fn write(&self, request: &mut HttpRequest) {
        write(self.format, request);
    }

    fn read(
        self: Arc<Self>,
        mut response: HttpResponse,
    ) -> BoxFuture<'static, Result<HttpResponse, ConnectorError>> {
        if !response.status().is_success() {
            return failure::in_json(Format::of(&response, self.format), response).boxed();
        }
        let body = mem::replace(response.body_mut(), SdkBody::empty());
        let events = EventStream::new(self.format, body);
        *self.events.lock().unwrap_or_else(PoisonError::into_inner) = Some(events);
        ready(Ok(response)).boxed()
    }
}

/// The events of a subscription.
pub(crate) struct EventStream {
    /// That of events which say nothing of theirs.
    format: Format,
    frames: ByteStream,
    /// What came and is no whole message yet, less what the decoder remembers of it.
    bytes: BytesMut,
    decoder: MessageFrameDecoder,
    /// Whether anything has come since the last whole message.
    cut: bool,
    /// What was looked at and not yet handed out.
    first: Option<Message>,
    /// How many records the last event had: the next will have about as many.
    last_count: usize,
}

/// What a message of an event stream says.
#[derive(Debug)]
pub(crate) enum Said {
    Event(Box<Answer>),
    /// Something that is yet to be invented.
    Other,
    /// The service ends the subscription, and says why.
    Exception {
        code: String,
        message: String,
    },
}

impl EventStream {
    fn new(format: Format, body: SdkBody) -> Self {
        Self {
            format,
            frames: ByteStream::new(body),
            bytes: BytesMut::new(),
            decoder: MessageFrameDecoder::new(),
            cut: false,
            first: None,
            last_count: 0,
        }
    }

    /// Waits for the first message, which is handed out later.
    ///
    /// # Errors
    ///
    /// As [`next`](Self::next).
    pub(crate) async fn begin(&mut self) -> Result<()> {
        self.first = self.message().await?;
        Ok(())
    }

    /// Returns what is said next, or `None` at the end.
    ///
    /// # Errors
    ///
    /// `Unavailable` where the connection breaks or what comes is malformed.
    ///
    /// # Cancel safety
    ///
    /// May be dropped: no event is lost.
    pub(crate) async fn next(&mut self) -> Result<Option<Said>> {
        let message = match self.first.take() {
            Some(first) => Some(first),
            None => self.message().await?,
        };
        message.map(|message| self.said(&message)).transpose()
    }

    async fn message(&mut self) -> Result<Option<Message>> {
        loop {
            let decoded = self.decoder.decode_frame(&mut self.bytes);
            if let DecodedFrame::Complete(message) = decoded.map_err(|error| broken(&error))? {
                self.cut = !self.bytes.is_empty();
                return Ok(Some(message));
            }
            if self.bytes.len() > LARGEST {
                return Err(broken(&format!("a message of more than {LARGEST} bytes")));
            }
            match self.frames.next().await {
                Some(frame) => {
                    let frame = frame.map_err(|error| broken(&crate::error::chain(&error)))?;
                    self.cut |= !frame.is_empty();
                    self.bytes.extend_from_slice(&frame);
                }
                None if self.cut => return Err(broken(&"it ended within a message")),
                None => return Ok(None),
            }
        }
    }

    fn said(&mut self, message: &Message) -> Result<Said> {
        let headers = parse_response_headers(message).map_err(|error| broken(&error))?;
        let payload = message.payload();
        match (headers.message_type.as_str(), headers.smithy_type.as_str()) {
            ("event", "SubscribeToShardEvent") => {
                let mut parser = Parser::new(self.format_of(&headers), self.last_count);
                parser.feed(payload)?;
                let event = parser.finish()?;
                self.last_count = event.records.len();
                Ok(Said::Event(Box::new(event)))
            }
            ("event", _) => Ok(Said::Other),
            (_, code) => {
                let message = super::reason::message(self.format_of(&headers), payload);
                Ok(Said::Exception { code: code.to_owned(), message })
            }
        }
    }

    fn format_of(&self, headers: &ResponseHeaders<'_>) -> Format {
        match headers.content_type.map(StrBytes::as_str) {
            Some(said) if said.contains("cbor") => Format::Cbor,
            Some(said) if said.contains("json") => Format::Json,
            _ => self.format,
        }
    }
}

fn broken(cause: &dyn fmt::Display) -> Error {
    Error::new(ErrorKind::Unavailable, "read the event stream").caused_by(cause.to_string())
}

impl fmt::Debug for EventStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventStream").finish_non_exhaustive()
    }
}
