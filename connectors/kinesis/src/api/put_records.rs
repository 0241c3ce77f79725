//! [PutRecords](https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecords.html).

use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};

use aws_sdk_kinesis::Client;
use aws_sdk_kinesis::error::{BuildError, SdkError};
use aws_sdk_kinesis::operation::put_records::builders::PutRecordsFluentBuilder;
use aws_sdk_kinesis::operation::put_records::{PutRecordsError, PutRecordsOutput};
use aws_sdk_kinesis::primitives::Blob;
use aws_sdk_kinesis::types::{PutRecordsRequestEntry, PutRecordsResultEntry};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use bytes::Bytes;
use futures::future::BoxFuture;
use headwater::batch::{Batch, BatchResponse, Entry};
use headwater::{Error, ErrorKind, HashKey, Result};
use tower::Service;

use crate::api::Api;
use crate::api::signed::signed;
use crate::error::from_sdk;
use crate::wire::{
    Bodies, Dialect, Format, Kept, PutExchange, Shortcut, exchangeable, exchanging, is_exchangeable, refused,
    write_put,
};
use crate::{StreamRef, Wire};

/// The PutRecords call as a [`tower::Service`]: one request, one call, no retry, and no timeout but the client's.
/// Only a call that is refused because its credentials expired, or because a clock is off, is made again, up to twice
/// within about a second: it did nothing.
///
/// This is what the layers of a [`KinesisSink`](crate::KinesisSink) go around, and it serves alone as well. The body of
/// a request is written once, straight from the payloads, and kept with the [`Batch`] for whoever sends it again.
///
/// # Errors
///
/// The call's own failure, by kind: see [`ErrorKind`]. What became of each entry of a call that succeeded is in the
/// [`BatchResponse`]; a code that is not known counts as `Unavailable`, and so is tried again.
///
/// # Cancel safety
///
/// A call that is dropped may have stored its entries.
///
/// # Example
///
/// ```
/// use headwater::batch::{Batch, Entry};
/// use headwater_kinesis::PutRecords;
/// use tower::{Service, ServiceExt};
/// # use headwater_local::LocalKinesis;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let local = LocalKinesis::builder().stream("orders", 1).build();
/// # let client = local.client();
/// let mut put_records = PutRecords::new(client, "orders".parse()?);
/// let batch = Batch::new(vec![Entry::new("payload", "customer-7")]);
/// let response = put_records.ready().await?.call(batch).await?;
/// assert!(response.outcomes()[0].is_ok());
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct PutRecords {
    client: Client,
    stream: Arc<StreamRef>,
    dialect: Dialect,
    bodies: Bodies,
    shortcut: Arc<Kept>,
    /// Whether calls may be made past the SDK.
    may_be_short: bool,
}

/// The body of a request, as one service writes it.
struct Prepared {
    format: Format,
    stream: Arc<StreamRef>,
    body: Bytes,
}

type Answer<T> = Result<T, SdkError<PutRecordsError, HttpResponse>>;

impl PutRecords {
    /// Creates the service for a stream. The client should not retry by itself: that would hide from the layers above
    /// that an answer was lost.
    ///
    /// Records are written as the environment variable `HEADWATER_WIRE` says, and as JSON without it or where it says
    /// nothing that is known. A client without an HTTP client of its own gets one that it shares with clones of the
    /// service alone.
    pub fn new(client: Client, stream: StreamRef) -> Self {
        let config = client.config();
        let client = if is_exchangeable(config) {
            client
        } else {
            let mut builder = config.to_builder();
            exchangeable(&mut builder, config.http_client());
            Client::from_conf(builder.build())
        };
        Self::over(client, stream, Dialect::new(Wire::from_env().unwrap_or_default()))
    }

    /// Creates the service for the stream of a connection.
    pub(crate) fn of(api: &Api) -> Self {
        Self::over(api.client.clone(), api.stream.clone(), api.wire.clone())
    }

    fn over(client: Client, stream: StreamRef, dialect: Dialect) -> Self {
        let may_be_short = Shortcut::is_allowed(client.config());
        let (stream, bodies, shortcut) = (Arc::new(stream), Bodies::default(), Arc::default());
        Self { client, stream, dialect, bodies, shortcut, may_be_short }
    }

    /// Chooses how records are written and answers are read. Default: see [`new`](Self::new).
    pub fn wire(mut self, wire: Wire) -> Self {
        self.dialect = Dialect::new(wire);
        self
    }

    async fn put(&self, batch: &Batch) -> Result<BatchResponse> {
        let context = || {
            let plural = if batch.records() == 1 { "" } else { "s" };
            format!("put {} record{plural} to {}", batch.records(), self.stream)
        };
        let put = |format| async move {
            match format {
                Some(format) => self.put_in(format, batch).await,
                None => self.put_by_sdk(batch).await,
            }
        };
        self.dialect.speak(put).await.map_err(|error| from_sdk(context(), &error))
    }

    async fn put_in(&self, format: Format, batch: &Batch) -> Answer<BatchResponse> {
        let body = self.body(format, batch);
        let send = || async {
            let exchange = PutExchange::new(format, body.clone(), batch.records());
            if !self.is_made_short(&exchange).await {
                let judged = exchanging(Arc::clone(&exchange) as _, self.request().send()).await;
                judged.map_err(|error| exchange.unjudged().unwrap_or(error))?;
                self.shortcut.set(exchange.take_shortcut().filter(|_| self.may_be_short));
            }
            exchange.take().ok_or_else(|| {
                SdkError::construction_failure(Error::new(ErrorKind::Unavailable, "no answer was read"))
            })
        };
        signed(send).await
    }

    /// Makes a call past the SDK, once one has succeeded that the SDK made, and tells whether this one did.
    async fn is_made_short(&self, exchange: &PutExchange) -> bool {
        let Some(shortcut) = self.shortcut.get() else { return false };
        let done = exchange.by(&shortcut, Shortcut::limit(self.client.config())).await;
        if !done {
            // Whatever is wrong, the SDK knows more: of clocks, endpoints, credentials.
            self.shortcut.set(None);
        }
        done
    }

    async fn put_by_sdk(&self, batch: &Batch) -> Answer<BatchResponse> {
        let send = || async {
            let entries = batch.entries().iter().map(request_entry).collect::<Result<_, _>>();
            let entries = entries.map_err(SdkError::construction_failure)?;
            self.request().set_records(Some(entries)).send().await
        };
        signed(send).await.map(response)
    }

    fn request(&self) -> PutRecordsFluentBuilder {
        let stream = &self.stream;
        let request = self.client.put_records();
        // The endpoint is chosen by the ARN.
        request.set_stream_name(stream.request_name()).set_stream_arn(stream.request_arn())
    }

    /// Returns the body of a request, which is written for its first try.
    fn body(&self, format: Format, batch: &Batch) -> Bytes {
        let write = || write_put(&self.bodies, format, &self.stream, batch.entries());
        let prepared =
            batch.prepared(|| Prepared { format, stream: Arc::clone(&self.stream), body: write() });
        // A layer may send one request to several streams, and a format may be given up between two tries.
        let fits =
            |prepared: &&Prepared| prepared.format == format && Arc::ptr_eq(&prepared.stream, &self.stream);
        prepared.filter(fits).map_or_else(write, |prepared| prepared.body.clone())
    }
}

#[cfg(test)]
impl PutRecords {
    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    /// Returns how the next call is made, where not by the SDK.
    pub(crate) fn shortcut(&self) -> Option<Arc<Shortcut>> {
        self.shortcut.get()
    }

    /// Returns the body that a request has in JSON.
    pub(crate) fn body_of(&self, batch: &Batch) -> Bytes {
        self.body(Format::Json, batch)
    }
}

impl Service<Batch> for PutRecords {
    type Response = BatchResponse;
    type Error = Error;
    type Future = BoxFuture<'static, Result<BatchResponse>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, batch: Batch) -> Self::Future {
        let service = self.clone();
        Box::pin(async move { service.put(&batch).await })
    }
}

impl fmt::Debug for PutRecords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PutRecords").field("stream", &self.stream).finish_non_exhaustive()
    }
}

fn request_entry(entry: &Entry) -> Result<PutRecordsRequestEntry, BuildError> {
    PutRecordsRequestEntry::builder()
        // Shares the bytes where `Blob::new` would copy them.
        .data(Blob::from_maybe_shared(entry.data.clone()))
        .partition_key(entry.key.partition_key())
        .set_explicit_hash_key(entry.key.explicit_hash_key().as_ref().map(HashKey::to_string))
        .build()
}

fn response(output: PutRecordsOutput) -> BatchResponse {
    let mut response = BatchResponse::with_capacity(output.records.len());
    for PutRecordsResultEntry { error_code, error_message, shard_id, sequence_number, .. } in output.records {
        match (error_code, shard_id, sequence_number) {
            (None, Some(shard), Some(sequence)) => response.push_stored(&shard, &sequence),
            (code, ..) => response.push_refused(refused(code, error_message)),
        }
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_payload_is_handed_to_the_sdk_without_being_copied() {
        let entry = Entry::new(vec![7; 1000], "a");
        let sent = request_entry(&entry).unwrap();
        assert_eq!(sent.data.as_ref().as_ptr(), entry.data.as_ptr());
    }
}
