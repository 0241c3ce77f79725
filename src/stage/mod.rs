//! Stages between a source and a sink that know what a message is: its key, its origin and its debt.
//!
//! ```text
//!   source ──► decode ──► map_keyed ──► encode ──► sink
//!                    └──► for_each_keyed
//! ```
//!
//! | stage | for what | where |
//! |---|---|---|
//! | [`map_keyed`](KeyedExt::map_keyed) | many messages at a time, those of one key in order, on their way to a sink | on any stream of messages |
//! | [`for_each_keyed`](KeyedExt::for_each_keyed) | the same where the pipeline ends | on any stream of messages |
//!
//! What needs neither is an ordinary combinator of [`futures`], as the front page of the crate shows.

mod by_key;
mod for_each_keyed;
mod keyed;
mod map_keyed;
#[cfg(test)]
mod tests;

pub use for_each_keyed::ForEachKeyed;
pub use keyed::KeyedExt;
pub use map_keyed::MapKeyed;
