//! Tower layers for services that fail with [`Error`](crate::Error): retry with backoff, timeout.
//!
//! ```text
//!   request ──► Retry ──► Timeout ──► the service
//!                 ▲          │
//!                 │          └─ an answer, or a Timeout error in time
//!                 └─ throttling, outage, timeout: again, after a jittered backoff
//! ```
//!
//! There is no throttle: a sink keeps a rate for each of its lanes, and one for all would delay healthy shards with the slow.
//!
//! # The order of the layers
//!
//! The first layer is the outermost. Retry goes outside timeout, so that every attempt has a timeout of its own:
//!
//! ```
//! use std::time::Duration;
//!
//! use headwater::service::{Attempted, RetryConfig, RetryLayer, TimeoutLayer};
//! use tower::{Service, ServiceBuilder, ServiceExt, service_fn};
//!
//! #[derive(Clone)]
//! struct Put(Vec<u8>);
//!
//! impl Attempted for Put {}
//!
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() -> headwater::Result<()> {
//! let mut service = ServiceBuilder::new()
//!     .layer(RetryLayer::new(RetryConfig::default())?)
//!     .layer(TimeoutLayer::new("put a record", Duration::from_secs(5)))
//!     .service(service_fn(|put: Put| async move { headwater::Result::Ok(put.0.len()) }));
//!
//! assert_eq!(service.ready().await?.call(Put(b"hello".to_vec())).await?, 5);
//! # Ok(())
//! # }
//! ```
//!
//! The wrong way round compiles as well. Here one timeout spans every attempt and all the waiting between them, so
//! that the first attempt which hangs is the last, and the time spent behind other requests counts as silence:
//!
//! ```
//! # use std::time::Duration;
//! # use headwater::service::{RetryConfig, RetryLayer, TimeoutLayer};
//! # use headwater::{Error, ErrorKind};
//! # use tower::{Service, ServiceBuilder, ServiceExt, service_fn};
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() -> headwater::Result<()> {
//! let mut wrong = ServiceBuilder::new()
//!     .layer(TimeoutLayer::new("put a record", Duration::from_secs(5)))
//!     .layer(RetryLayer::new(RetryConfig::default())?)
//!     .service(service_fn(|()| std::future::pending::<headwater::Result<()>>()));
//!
//! let error = wrong.ready().await?.call(()).await.unwrap_err();
//! assert_eq!(error.to_string(), "put a record: no answer within 5s"); // one attempt, never retried
//! # Ok(())
//! # }
//! ```

mod retry;
mod timeout;

pub use retry::{Attempted, Retry, RetryConfig, RetryFuture, RetryLayer};
pub use timeout::{Timeout, TimeoutFuture, TimeoutLayer};
