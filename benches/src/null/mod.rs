//! A server that stores nothing and reads nothing: it costs little, and its memory does not grow with the records.
//!
//! Every stream has the same shards. What is put is counted and forgotten; what is got is made from one page. It knows
//! the calls that both sides of a job make, in JSON, and those that carry records in CBOR as well.

mod cbor;
mod page;
mod put;
mod reply;
mod service;

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde::{Deserialize, Serialize};
use tokio::io::{copy, sink, stdin};
use tokio::net::TcpListener;

use crate::null::service::Service;
use crate::outcome::Outcome;
use crate::serve::{announce, serving};

/// What a null server pretends to hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Null {
    /// How many shards every stream has.
    pub shards: usize,
    /// How many records every stream holds, shared out among its shards.
    pub records: usize,
    /// How long a record is, in bytes.
    pub size: usize,
    /// How long each answer is held back, in milliseconds.
    pub delay_millis: u64,
}

/// Serves it on loopback, tells its URL in a line on standard output, and ends with standard input.
///
/// # Errors
///
/// When no port is free, or nobody reads the line.
pub fn serve_null(null: Null) -> Outcome {
    serving(async {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let service = Arc::new(Service::new(null)?);
        announce(&format!("http://{}", listener.local_addr()?))?;
        let (mut stdin, mut sink) = (stdin(), sink());
        tokio::select! {
            ended = copy(&mut stdin, &mut sink) => { ended?; Ok(()) }
            accepted = accept(listener, service, Duration::from_millis(null.delay_millis)) => accepted,
        }
    })
}

async fn accept(listener: TcpListener, service: Arc<Service>, delay: Duration) -> Outcome {
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let service = Arc::clone(&service);
        tokio::spawn(async move {
            let answer = service_fn(|request| service.answer(request, delay));
            // A client that goes away breaks its connection.
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), answer).await;
        });
    }
}
