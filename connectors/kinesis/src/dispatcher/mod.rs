//! The dispatcher: submit payloads, and flush to get back what could not be delivered.
//!
//! ```text
//!   submit ──► serialize ──► Producer::put ──► Receipt ─┐
//!                 payload ──────────────────────────────┴──► Outstanding ──► freed once it is stored
//!                                                                 └──► unprocessed ──► flush
//! ```
//!
//! Batches, retries, limits and back-pressure are the sink's.

mod builder;
mod handle;
mod outstanding;
mod unprocessed;

#[cfg(test)]
mod tests;

pub use builder::DispatcherBuilder;
pub use handle::Dispatcher;
pub use unprocessed::Unprocessed;
