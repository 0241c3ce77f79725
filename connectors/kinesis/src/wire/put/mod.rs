//! PutRecords: one body for all tries of a request, and an answer that is read without a tree.

mod answer;
mod request;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aws_sdk_kinesis::error::SdkError;
use aws_smithy_runtime_api::client::connection::CaptureSmithyConnection;
use aws_smithy_runtime_api::client::http::SharedHttpConnector;
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use bytes::Bytes;
use futures::FutureExt;
use futures::future::BoxFuture;
use headwater::batch::BatchResponse;
use tokio::time::timeout;

pub(crate) use answer::{parse, refused};
pub(crate) use request::write;

use super::collect::collect;
use super::failure;
use super::{Exchange, Format, Shortcut};

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
    /// What is no answer that tells of the entries, where the call was made past the SDK.
    failed: Mutex<Option<Result<HttpResponse, ConnectorError>>>,
    /// By which connection that went.
    connection: CaptureSmithyConnection,
    /// How the SDK made the last attempt.
    shortcut: Mutex<Option<Shortcut>>,
}

impl PutExchange {
    pub(crate) fn new(format: Format, body: Bytes, entries: usize) -> Arc<Self> {
        let (answer, failed, shortcut) = (Mutex::default(), Mutex::default(), Mutex::default());
        let connection = CaptureSmithyConnection::new();
        Arc::new(Self { format, body, entries, answer, failed, connection, shortcut })
    }

    /// Takes out what became of the entries, once the call has succeeded.
    pub(crate) fn take(&self) -> Option<BatchResponse> {
        lock(&self.answer).take()
    }

    /// Takes out how the SDK made the call, where another can be made without it.
    pub(crate) fn take_shortcut(&self) -> Option<Shortcut> {
        lock(&self.shortcut).take()
    }

    /// Makes the call past the SDK, within a limit, and tells whether it succeeded. Where not, the SDK is to make it: it
    /// sends it where that was not done, and else judges what it was answered.
    pub(crate) async fn by(&self, shortcut: &Shortcut, limit: Option<Duration>) -> bool {
        let answered = self.answered_by(shortcut);
        let answered = match limit {
            None => answered.await,
            // As with the SDK, which does not tell either whether anything was sent by then.
            Some(limit) => timeout(limit, answered).await.unwrap_or_else(|_| {
                Some(Err(ConnectorError::timeout(format!("no answer within {limit:?}").into())))
            }),
        };
        match answered {
            None => false,
            Some(Ok(response)) if response.status().is_success() => true,
            Some(failed) => {
                *lock(&self.failed) = Some(failed);
                false
            }
        }
    }

    /// Returns what the call came to that was made past the SDK, or `None` where nothing was sent. An answer of success is
    /// read.
    async fn answered_by(&self, shortcut: &Shortcut) -> Option<Result<HttpResponse, ConnectorError>> {
        Some(match shortcut.call(self.format, self.body.clone(), &self.connection).await? {
            Ok(response) if response.status().is_success() => self.read_answer(response).await,
            failed => failed,
        })
    }

    /// Takes out what the call was answered, where it was made past the SDK, and the SDK failed before it looked at that: for
    /// want of credentials, say. What it says then is not about the call, which may have been carried out.
    pub(crate) fn unjudged<E>(&self) -> Option<SdkError<E, HttpResponse>> {
        Some(match lock(&self.failed).take()? {
            Ok(response) => SdkError::response_error("the answer was not read", response),
            Err(error) => SdkError::dispatch_failure(error),
        })
    }

    async fn read_answer(&self, mut response: HttpResponse) -> Result<HttpResponse, ConnectorError> {
        let format = Format::of(&response, self.format);
        if !response.status().is_success() {
            return failure::in_json(format, response).await;
        }
        let body = collect(response.take_body(), ANSWER + self.entries * ANSWER_EACH).await?;
        let answer = parse(format, &body, self.entries);
        let answer = answer.map_err(|error| ConnectorError::other(error.into(), None))?;
        *lock(&self.answer) = Some(answer);
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
        async move { self.read_answer(response).await }.boxed()
    }

    fn answered(&self, request: &HttpRequest) -> Option<Result<HttpResponse, ConnectorError>> {
        let failed = lock(&self.failed).take()?;
        // The SDK closes the connection by which a server answered that it is unwell.
        if let Some(theirs) = request.extension::<CaptureSmithyConnection>() {
            let ours = self.connection.clone();
            theirs.set_connection_retriever(move || ours.get());
        }
        Some(failed)
    }

    fn sent(&self, request: &HttpRequest, sender: &SharedHttpConnector, components: &RuntimeComponents) {
        *lock(&self.shortcut) = Shortcut::learn(request, sender, components);
    }
}

fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

impl fmt::Debug for PutExchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PutExchange").field("entries", &self.entries).finish_non_exhaustive()
    }
}
