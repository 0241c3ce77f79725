//! What codecs promise, by theme.

mod decode;
mod divert;
mod encode;
mod golden;
mod poison;
mod properties;
mod shard;
mod switchboard;
