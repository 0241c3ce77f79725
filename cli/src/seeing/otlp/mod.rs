//! Metrics and traces by OTLP, to a collector.
//!
//! ```text
//!   metrics facade ──► recorder ──► reader, on an interval ────────┐
//!                                                                  ├──► Collector ──► POST /v1/metrics, /v1/traces
//!   tracing facade ──► layer ──► batches from a bounded queue ─────┘
//!                        ▲
//!   traceparent ◄── context ──► headers of messages, where the codec has room
//! ```
//!
//! Both facades are global, and so is this: it is started once, by the command that asks for it.

mod buckets;
mod collector;
mod context;
mod exporters;
mod layer;

pub(crate) use context::{follow, outgoing};
pub(crate) use exporters::{finish, start};
pub(crate) use layer::layer;
