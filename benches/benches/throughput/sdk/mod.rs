//! The same jobs as bare loops over `aws-sdk-kinesis`.

mod get;
mod pages;
mod put;
mod relay;

pub(crate) use get::get;
pub(crate) use put::put;
pub(crate) use relay::relay;
