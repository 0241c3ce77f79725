//! The answer of SubscribeToShard: events that are made as the client takes them.
//!
//! No task runs for a subscription. Its body looks into the shard when it is polled and is woken by what is stored
//! there, so whoever drops the response ends everything.

mod body;
mod feed;
mod frame;

pub(crate) use body::EventBody;
pub(crate) use frame::CONTENT_TYPE;
