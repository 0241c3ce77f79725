//! What Amazon's Java SDKs speak to Kinesis: the AWS JSON protocol with bodies in CBOR (RFC 8949).
//!
//! AWS does not document it. Its SDK shows it: members have the names that they have in JSON, data is a byte string,
//! and a timestamp is tag 1 around whole *milliseconds*, although the tag says seconds to everybody else.
//! <https://github.com/aws/aws-sdk-java-v2/tree/master/core/protocols/aws-cbor-protocol>
//! <https://github.com/aws/aws-sdk-java-v2/issues/4661>

mod decode;
mod encode;
mod put;
mod read;
mod write;

pub(crate) use decode::CborBody;
pub(crate) use encode::{encode, encode_error, encode_event};
