//! PutRecords: one body for all tries of a request, and an answer that is read without a tree.

mod answer;
mod request;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use bytes::Bytes;
use futures::FutureExt;
use futures::future::BoxFuture;
use headwater::batch::BatchResponse;

pub(crate) use answer::{parse, refused};
pub(crate) use request::write;

use super::collect::collect;
use super::failure;
use super::{Exchange, Format};

/// The most bytes that an answer may have, and those that each entry adds: names, numbers, and the service's words.
const ANSWER: usize = 64 << 10;
const ANSWER_EACH: usize = 4 << 10;

/// One call of PutRecords.
pub(crate) struct PutExchange {
    format: Format,
    body: Bytes,
    entries: usize,
    /// What the last attempt was answered.
    answer: Mutex<Option<BatchResponse>>,
}

impl PutExchange {
    pub(crate) fn new(format: Format, body: Bytes, entries: usize) -> Arc<Self> {
        Arc::new(Self { format, body, entries, answer: Mutex::new(None) })
    }

    /// Takes out what became of the entries, once the call has succeeded.
    pub(crate) fn take(&self) -> Option<BatchResponse> {
        self.answer.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    async fn answered(&self, mut response: HttpResponse) -> Result<HttpResponse, ConnectorError> {
        let format = Format::of(&response, self.format);
        if !response.status().is_success() {
            return failure::in_json(format, response).await;
        }
        let body = collect(response.take_body(), ANSWER + self.entries * ANSWER_EACH).await?;
        let answer = parse(format, &body, self.entries);
        let answer = answer.map_err(|error| ConnectorError::other(error.into(), None))?;
        *self.answer.lock().unwrap_or_else(PoisonError::into_inner) = Some(answer);
        *response.body_mut() = Bytes::from_static(b"{}").into();
        Ok(response)
    }
}

impl Exchange for PutExchange {
    fn write(&self, request: &mut HttpRequest) {
        self.format.put(self.body.clone(), request);
    }

    fn read(
        self: Arc<Self>,
        response: HttpResponse,
    ) -> BoxFuture<'static, Result<HttpResponse, ConnectorError>> {
        async move { self.answered(response).await }.boxed()
    }
}

impl fmt::Debug for PutExchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PutExchange").field("entries", &self.entries).finish_non_exhaustive()
    }
}
