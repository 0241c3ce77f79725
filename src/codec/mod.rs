//! Codecs: one message ↔ bytes (a serializer), several messages ↔ one record (a framing), and their pairs.

mod framing;
mod serializer;

pub use framing::{Frame, Framing, Part, Split};
pub use serializer::{Deserializer, Serializer};
