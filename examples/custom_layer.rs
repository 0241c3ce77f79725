//! Puts a tower layer of one's own around PutRecords.
//!
//! Teaches where it stands: inside the sink's retry and timeout, so that it sees every attempt, as the one that
//! fails here before the next succeeds. The messages do not notice.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};

use clap::Parser;
use futures::future::{BoxFuture, FutureExt};
use futures::{StreamExt, stream};
use headwater::batch::{Batch, BatchResponse};
use headwater::{Error, ErrorKind};
use headwater_examples::{EndpointArgs, Order, Outcome};
use headwater_kinesis::codec;
use tower::Service;
use tower::layer::layer_fn;

#[derive(Parser)]
#[command(about = "Counts the attempts of a sink, and fails the first")]
struct Args {
    #[command(flatten)]
    endpoint: EndpointArgs,
}

/// Counts attempts and fails the first one.
#[derive(Clone)]
struct Unlucky<S> {
    inner: S,
    attempts: Arc<AtomicU64>,
}

impl<S> Service<Batch> for Unlucky<S>
where
    S: Service<Batch, Response = BatchResponse, Error = Error>,
    S::Future: Send + 'static,
{
    type Response = BatchResponse;
    type Error = Error;
    type Future = BoxFuture<'static, Result<BatchResponse, Error>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, batch: Batch) -> Self::Future {
        if self.attempts.fetch_add(1, Ordering::Relaxed) == 0 {
            return async { Err(Error::new(ErrorKind::Unavailable, "an unlucky attempt")) }.boxed();
        }
        self.inner.call(batch).boxed()
    }
}

#[tokio::main]
async fn main() -> Outcome {
    let endpoint = Args::parse().endpoint.connect().await?;
    let attempts = Arc::new(AtomicU64::new(0));
    let counter = Arc::clone(&attempts);
    let unlucky = layer_fn(move |inner| Unlucky { inner, attempts: Arc::clone(&counter) });

    let sink = endpoint.sink("orders").create_stream(1).layer(unlucky).connect().await?;
    let status = sink.status();
    let orders = stream::iter((0..2_000).map(|id| Ok(Order::new(id).into_message())));
    orders.forward(sink.encode(codec::json_lines())).await?;
    println!("stored {} messages in {} attempts", status.stored(), attempts.load(Ordering::Relaxed));
    Ok(())
}
