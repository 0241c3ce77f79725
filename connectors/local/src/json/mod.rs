//! The AWS JSON 1.1 protocol.
//! <https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html>

mod decode;
mod encode;
mod put;
mod text;

pub(crate) use decode::JsonBody;
pub(crate) use encode::{encode, encode_error, encode_event};
