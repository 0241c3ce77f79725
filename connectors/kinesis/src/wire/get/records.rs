//! GetRecords, written and read in place of the SDK.

use std::mem;
use std::sync::{Arc, Mutex, PoisonError};

use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;
use futures::FutureExt;
use futures::future::BoxFuture;
use headwater::Result;

use super::request::write;
use super::{Answer, Parser};
use crate::wire::{Exchange, Format, failure};

/// What the SDK is to read.
const NOTHING: &str = r#"{"Records":[],"MillisBehindLatest":0}"#;

/// Reads what one GetRecords call answers.
#[derive(Debug)]
pub(crate) struct GetRecords {
    format: Format,
    /// About how many records come.
    records: usize,
    answer: Mutex<Option<Answer>>,
}

impl GetRecords {
    pub(crate) fn new(format: Format, records: usize) -> Arc<Self> {
        Arc::new(Self { format, records, answer: Mutex::default() })
    }

    /// Returns what was read, once the call has succeeded.
    pub(crate) fn take(&self) -> Option<Answer> {
        self.answer.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    async fn parse(&self, format: Format, body: SdkBody) -> Result<Answer, ConnectorError> {
        let mut parser = Parser::new(format, self.records);
        let mut frames = ByteStream::new(body);
        while let Some(frame) = frames.next().await {
            let frame = frame.map_err(|error| ConnectorError::io(error.into()))?;
            parser.feed(&frame).map_err(unreadable)?;
        }
        parser.finish().map_err(unreadable)
    }
}

impl Exchange for GetRecords {
    fn write(&self, request: &mut HttpRequest) {
        write(self.format, request);
    }

    fn read(
        self: Arc<Self>,
        mut response: HttpResponse,
    ) -> BoxFuture<'static, Result<HttpResponse, ConnectorError>> {
        async move {
            let format = Format::of(&response, self.format);
            if !response.status().is_success() {
                return failure::in_json(format, response).await;
            }
            let body = mem::replace(response.body_mut(), SdkBody::from(NOTHING));
            let answer = self.parse(format, body).await?;
            *self.answer.lock().unwrap_or_else(PoisonError::into_inner) = Some(answer);
            Ok(response)
        }
        .boxed()
    }
}

fn unreadable(error: headwater::Error) -> ConnectorError {
    ConnectorError::other(error.into(), None)
}
