//! Codecs by name, over the text that a shell handles.
//!
//! A payload in the command is bytes that a person can read: a line of text, or a JSON value as it was written, digit
//! for digit. What the codec's serializer does is between that and the wire.

mod auto;
mod compress;
mod format;
mod guess;
mod name;
mod payload;
mod reading;

pub(crate) use auto::Auto;
pub(crate) use compress::{Compress, CompressParser, inflate};
pub(crate) use format::Format;
pub(crate) use guess::{Looks, reads};
pub(crate) use name::CodecName;
pub(crate) use payload::Payload;
pub(crate) use reading::Reading;
