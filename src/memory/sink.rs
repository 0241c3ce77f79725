//! Writes an in-process stream through the batching sink.

use std::future::{Ready, ready};
use std::task::{Context, Poll};

use tower::Service;

use crate::batch::{Batch, BatchResponse, Refused, Stored};
use crate::memory::MemoryStream;
use crate::{Error, ErrorKind, Result};

/// Stores the entries of a request, as far as the fault switches let it.
impl Service<Batch> for MemoryStream {
    type Response = BatchResponse;
    type Error = Error;
    type Future = Ready<Result<BatchResponse>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, batch: Batch) -> Self::Future {
        if let Some(error) = self.faults().put(self.name()) {
            return ready(Err(error));
        }
        let outcomes = batch.entries().iter().map(|entry| {
            if self.faults().refuses_entry() {
                return Err(Refused {
                    code: "ProvisionedThroughputExceededException".to_owned(),
                    message: "a fault was asked for".to_owned(),
                    kind: ErrorKind::Throttled,
                });
            }
            let record = self.put(entry.key.clone(), entry.data.clone());
            Ok(Stored { shard: record.shard, sequence: record.sequence })
        });
        ready(Ok(BatchResponse::new(outcomes.collect())))
    }
}
