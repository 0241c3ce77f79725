//! The checkpoint stores, as a URL names them.
//!
//! | URL | kept in |
//! |---|---|
//! | `memory` | this process, until it ends |
//! | `sqlite:PATH` | a file of this machine, which is made where there is none |
//! | `redis://[USER:PASSWORD@]HOST[:PORT][/DB]`, `rediss://…` with TLS | Redis or Valkey. `redis+cluster://…`, `rediss+cluster://…` or several hosts mean a cluster |
//! | `dynamodb:TABLE[?endpoint=URL]` | DynamoDB, in the KCL's own layout |
//!
//! What a Redis URL leaves out is taken from `REDIS_PORT`, `REDIS_PASSWORD` and `REDIS_DB`, which keeps a password out of
//! the list of processes. DynamoDB has the region, the profile and the credentials of Kinesis, and an endpoint of its own:
//! that of the URL, `AWS_ENDPOINT_URL_DYNAMODB`, or `AWS_ENDPOINT_URL`.

mod args;
mod open;
mod url;

pub(crate) use args::{StoreArgs, StoreParser};
pub(crate) use open::open_redis;
pub(crate) use url::{DynamoDbTable, RedisUrl, Store};
