//! Which call is answered how.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use hyper::{Request, Response, StatusCode};
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::null::Null;
use crate::null::page::{Pages, Wanted};
use crate::null::put::Shards;
use crate::null::reply::Encoding;
use crate::outcome::{Error, Outcome};

/// What answers the calls.
pub(super) struct Service {
    shards: Shards,
    pages: Pages,
}

impl Service {
    /// Makes the page that all are made from.
    pub(super) fn new(null: Null) -> Outcome<Self> {
        Ok(Self { shards: Shards::new(null.shards), pages: Pages::new(null)? })
    }

    /// Answers a call after a delay.
    pub(super) async fn answer(
        &self,
        request: Request<Incoming>,
        delay: Duration,
    ) -> Outcome<Response<Full<Bytes>>> {
        let (parts, body) = request.into_parts();
        let body = body.collect().await?.to_bytes();
        let encoding = Encoding::of(&parts.headers);
        let answer = self.call(operation(&parts.headers), &body, encoding);
        if !delay.is_zero() {
            sleep(delay).await;
        }
        let (status, body) = match answer {
            Ok(body) => (StatusCode::OK, body),
            Err(error) => (StatusCode::BAD_REQUEST, encoding.refusal(&error.to_string())?),
        };
        let mut response = Response::new(Full::new(body));
        *response.status_mut() = status;
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(encoding.content_type()));
        Ok(response)
    }

    fn call(&self, operation: &str, body: &Bytes, encoding: Encoding) -> Outcome<Bytes> {
        match operation {
            "PutRecords" => Ok(self.shards.put(body, encoding)?.into()),
            "GetRecords" => self.pages.get(&Wanted::read(body, encoding)?, encoding),
            _ => {
                let request: Value = serde_json::from_slice(body)?;
                Ok(serde_json::to_vec(&self.control(operation, &request)?)?.into())
            }
        }
    }

    fn control(&self, operation: &str, request: &Value) -> Outcome<Value> {
        let text = |name: &str| request[name].as_str().unwrap_or_default();
        match operation {
            "CreateStream" | "DeleteStream" => Ok(json!({})),
            "ListStreams" => Ok(json!({ "StreamNames": [], "HasMoreStreams": false })),
            "DescribeStreamSummary" => Ok(self.summary(text("StreamName"))),
            "ListShards" => Ok(json!({ "Shards": self.shards.listed() })),
            "GetShardIterator" => {
                let after = text("StartingSequenceNumber");
                Ok(json!({ "ShardIterator": Pages::iterator(text("ShardId"), after)? }))
            }
            _ => Err(Error::from(format!("{operation} is not what a null server knows"))),
        }
    }

    fn summary(&self, stream: &str) -> Value {
        json!({ "StreamDescriptionSummary": {
            "StreamName": stream,
            "StreamARN": format!("arn:aws:kinesis:us-east-1:000000000000:stream/{stream}"),
            "StreamStatus": "ACTIVE",
            "StreamModeDetails": { "StreamMode": "PROVISIONED" },
            "RetentionPeriodHours": 24,
            "StreamCreationTimestamp": 1.7e9,
            "EnhancedMonitoring": [],
            "EncryptionType": "NONE",
            "OpenShardCount": self.shards.count(),
            "ConsumerCount": 0,
        } })
    }
}

fn operation(headers: &HeaderMap) -> &str {
    let target = headers.get("x-amz-target").and_then(|target| target.to_str().ok()).unwrap_or_default();
    target.rsplit('.').next().unwrap_or_default()
}
