//! The AWS JSON 1.1 protocol: bodies into requests, outcomes into bodies.
//! <https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html>

mod decode;
mod encode;
mod put;
mod text;

pub(crate) use decode::decode;
pub(crate) use encode::{encode, encode_error, encode_event};

/// The content type of every answer.
pub(crate) const CONTENT_TYPE: &str = "application/x-amz-json-1.1";
