//! Codecs by name, over the text that a shell handles.
//!
//! A payload in the command is bytes that a person can read: a line of text, or a JSON value as it was written, digit
//! for digit. What the codec's serializer does is between that and the wire.

mod format;
mod name;

pub(crate) use format::Format;
pub(crate) use name::CodecName;
