//! What was accepted and is not settled: messages by key, keys by lane, lanes to shards.
//!
//! ```text
//!   message ──► chain of its key ──► lane of the shard that the key lands on ──► its part of a request
//!               (chain)              (lane: queue, limiter)                      (outlook, pack, take, framer)
//!                                         ▲
//!                 map, routing: which shard holds which key; reroute: what moves when that changes
//! ```
//!
//! [`backlog`] holds it all together.

pub(super) mod accepted;
pub(super) mod backlog;
pub(super) mod chain;
pub(super) mod framer;
pub(super) mod grants;
pub(super) mod lane;
pub(super) mod lane_limit;
pub(super) mod limiter;
pub(super) mod map;
pub(super) mod outlook;
pub(super) mod pack;
pub(super) mod pool;
pub(super) mod queue;
pub(super) mod reroute;
pub(super) mod routing;
pub(super) mod share;
pub(super) mod shared_limit;
pub(super) mod take;
pub(super) mod unsettled;
