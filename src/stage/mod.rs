//! Stages between a source and a sink that know what a message is: its key, its origin and its debt.
//!
//! ```text
//!   source ──► dedupe ──► decode ──► map_keyed ──► encode ──► sink
//!                               └──► for_each_keyed
//! ```
//!
//! | stage | for what | where |
//! |---|---|---|
//! | [`map_keyed`](KeyedExt::map_keyed) | many messages at a time, those of one key in order, on their way to a sink | on any stream of messages |
//! | [`for_each_keyed`](KeyedExt::for_each_keyed) | the same where the pipeline ends | on any stream of messages |
//! | [`dedupe`](DedupeExt::dedupe) | drops what is delivered again within this process | right behind a source |
//!
//! What needs neither is an ordinary combinator of [`futures`], as the front page of the crate shows.

mod by_key;
mod dedupe;
mod duplicate_count;
mod for_each_keyed;
mod keyed;
mod map_keyed;
#[cfg(test)]
mod tests;
mod window;

pub use dedupe::{Dedupe, DedupeExt};
pub use duplicate_count::DuplicateCount;
pub use for_each_keyed::ForEachKeyed;
pub use keyed::KeyedExt;
pub use map_keyed::MapKeyed;
