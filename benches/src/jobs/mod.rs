//! The jobs as Headwater does them.

mod relay;
mod sink;
mod source;

pub(crate) use relay::relay;
pub(crate) use sink::sink;
pub(crate) use source::{Reader, source};
