//! The trace context of messages, in their headers.
//!
//! Source: [W3C Trace Context](https://www.w3.org/TR/trace-context/).

use headwater::{Headers, Message};
use headwater_kinesis::codec::Framing;
use opentelemetry::propagation::{Extractor, Injector, TextMapPropagator as _};
use opentelemetry_sdk::propagation::TraceContextPropagator;
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

use crate::seeing::otlp::exporters::command;
use crate::seeing::otlp::layer::is_on;

/// The header without which there is no context.
const TRACEPARENT: &str = "traceparent";

/// The headers of messages that this command makes: they belong to the command's own trace. None where the framing has
/// no room.
pub(crate) fn outgoing(framing: &dyn Framing) -> Headers {
    let mut headers = Headers::new();
    if let Some(command) = command().filter(|_| framing.carries_headers()) {
        inject(&command, &mut headers);
    }
    headers
}

/// Goes on with the trace of a message that was read, in a span of its own, for as long as it is held. The message has
/// the context of that span from then on. One without a trace stays as it is.
pub(crate) fn follow<T>(message: Message<T>, doing: &'static str) -> (Message<T>, Span) {
    if message.header(TRACEPARENT).is_none() || !is_on() {
        return (message, Span::none());
    }
    let origin = message.origin();
    let span = tracing::info_span!(
        "message",
        otel.name = doing,
        otel.kind = "consumer",
        stream = origin.map(headwater::Origin::stream),
        shard = origin.map(|origin| origin.shard().as_str()),
        sequence = origin.map(|origin| origin.sequence().as_str()),
    );
    let parent = TraceContextPropagator::new().extract(&Carrier(message.headers()));
    if span.set_parent(parent).is_err() {
        return (message, span);
    }
    let mut headers = message.headers().clone();
    inject(&span, &mut headers);
    (message.rehead(headers), span)
}

fn inject(span: &Span, headers: &mut Headers) {
    TraceContextPropagator::new().inject_context(&span.context(), &mut CarrierMut(headers));
}

struct Carrier<'a>(&'a Headers);

impl Extractor for Carrier<'_> {
    fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name)
    }

    fn keys(&self) -> Vec<&str> {
        self.0.iter().map(|(name, _)| name).collect()
    }
}

struct CarrierMut<'a>(&'a mut Headers);

impl Injector for CarrierMut<'_> {
    fn set(&mut self, name: &str, value: String) {
        // An empty one says nothing, and one that has no room is done without.
        if !value.is_empty() {
            let _ = self.0.insert(name, &value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_context_comes_out_of_headers_as_it_went_in() {
        for state in [Some("vendor=1"), None] {
            let mut read = Headers::new();
            read.insert(TRACEPARENT, "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01").unwrap();
            if let Some(state) = state {
                read.insert("tracestate", state).unwrap();
            }
            let context = TraceContextPropagator::new().extract(&Carrier(&read));
            let mut written = Headers::new();
            TraceContextPropagator::new().inject_context(&context, &mut CarrierMut(&mut written));
            assert_eq!(written, read);
        }
    }
}
