//! `headwater relay`.

mod codecs;
mod endings;
mod jq;
mod killed;
mod lines;
mod poison;
mod refusals;
mod settings;
mod stores;
mod streams;
mod workers;
