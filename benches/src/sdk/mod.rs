//! The same jobs as bare loops over `aws-sdk-kinesis`.

mod get;
mod pages;
mod put;
mod relay;
mod requests;

pub(crate) use get::get;
pub(crate) use pages::Pages;
pub(crate) use put::put;
pub(crate) use relay::relay;
pub(crate) use requests::Requests;
