//! Calls that are refused for a reason that passes: what they were signed with, or when.

use std::error::Error as StdError;
use std::time::Duration;

use aws_sdk_kinesis::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use tokio::time::sleep;

use crate::error::passes;
use crate::identity::loading;

/// The pauses before a call is made again. The first is for nothing but the new signature, the second for whoever
/// rotates credentials at the moment that they expire.
const PAUSES: [Duration; 2] = [Duration::ZERO, Duration::from_secs(1)];

/// Makes a call, and makes it again while credentials that expired or a clock that is off are all that is wrong with
/// it. The next try is signed with credentials that are loaded anew, at the time that the refusal told: the SDK keeps
/// the difference of the clocks for all calls of a client.
///
/// A call that was refused did nothing, so that even a write can be made again.
pub(super) async fn signed<T, E, F>(call: impl Fn() -> F) -> Result<T, SdkError<E, HttpResponse>>
where
    E: StdError + ProvideErrorMetadata + Send + Sync + 'static,
    F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
{
    let mut pauses = PAUSES.into_iter();
    let mut anew = false;
    loop {
        let answer = loading(anew, call()).await;
        match (&answer, pauses.next()) {
            (Err(error), Some(pause)) if passes(error) => {
                tracing::info!(code = error.code(), "signature refused; signing again");
                sleep(pause).await;
                anew = true;
            }
            _ => return answer,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::time::SystemTime;

    use aws_credential_types::Credentials;
    use aws_credential_types::provider::{ProvideCredentials, future};
    use aws_sdk_kinesis::Client;
    use aws_sdk_kinesis::primitives::{DateTime, DateTimeFormat};
    use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
    use futures::{SinkExt, StreamExt};
    use headwater::{ErrorKind, Message};
    use headwater_local::{ErrorCode, Fault, Faults, LocalKinesis, Operation};
    use tokio::time::Instant;

    use super::*;
    use crate::spy::{Seen, answer, wire};
    use crate::{KinesisSink, KinesisSource};

    /// Hands out `first` once, then `second`; like most providers that are written by hand it names no expiry.
    #[derive(Clone, Debug, Default)]
    struct Rotating(Arc<AtomicU32>);

    impl ProvideCredentials for Rotating {
        fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
        where
            Self: 'a,
        {
            let key = if self.0.fetch_add(1, Ordering::Relaxed) == 0 { "first" } else { "second" };
            future::ProvideCredentials::ready(Ok(Credentials::new(key, "secret", None, None, "test")))
        }
    }

    fn local() -> LocalKinesis {
        LocalKinesis::builder().stream("orders", 1).build()
    }

    fn rotating(local: &LocalKinesis, provider: Rotating) -> Client {
        Client::from_conf(local.kinesis_config().credentials_provider(provider).build())
    }

    fn message() -> Message<bytes::Bytes> {
        Message::keyed("payload".into(), "key".to_owned())
    }

    #[tokio::test(start_paused = true)]
    async fn a_sink_goes_on_with_credentials_that_were_rotated() {
        let (local, provider) = (local(), Rotating::default());
        let sink = KinesisSink::builder("orders").client(rotating(&local, provider.clone()));
        let mut sink = sink.connect().await.unwrap();
        local.expire_access_key("first");
        sink.send(message()).await.unwrap();
        sink.send(message()).await.unwrap();
        assert_eq!(local.counters().refused(Operation::PutRecords), 1);
        assert_eq!(provider.0.load(Ordering::Relaxed), 2, "the second ones stay in the cache");
    }

    #[tokio::test(start_paused = true)]
    async fn a_source_goes_on_with_credentials_that_were_rotated() {
        let local = local();
        let source = KinesisSource::builder("orders").client(rotating(&local, Rotating::default()));
        let mut source = source.connect().await.unwrap();
        local.expire_access_key("first");
        local.put("orders", "key", "payload").unwrap();
        let message = source.next().await.unwrap().unwrap();
        assert_eq!(message.payload(), "payload");
        message.ack();
    }

    #[tokio::test(start_paused = true)]
    async fn a_token_that_stays_expired_ends_a_sink_and_a_source_within_seconds() {
        let local = local();
        let mut sink = KinesisSink::builder("orders").client(local.client()).connect().await.unwrap();
        let mut source = KinesisSource::builder("orders").client(local.client()).connect().await.unwrap();
        local.expire_access_key("local");
        let begun = Instant::now();
        let sent = sink.send(message()).await.unwrap_err();
        let read = source.next().await.unwrap().unwrap_err();
        assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
        assert_eq!(local.counters().refused(Operation::PutRecords), 3);
        for error in [sent, read] {
            assert_eq!(error.kind(), ErrorKind::AccessDenied);
            assert!(error.to_string().contains("ExpiredTokenException: The security token"), "{error}");
        }
    }

    /// Answers as a service does whose clock is ahead of the local one.
    fn service_ahead(ahead: Duration) -> impl Fn(&HttpRequest) -> Seen {
        move |request| {
            let now = SystemTime::now() + ahead;
            let signed = request.headers().get("x-amz-date").unwrap();
            let parts = [0..4, 4..6, 6..8, 9..11, 11..13, 13..15].map(|part| &signed[part]);
            let [year, month, day, hour, minute, second] = parts;
            let signed = format!("{year}-{month}-{day}T{hour}:{minute}:{second}Z");
            let signed = DateTime::from_str(&signed, DateTimeFormat::DateTime).unwrap();
            let signed = SystemTime::try_from(signed).unwrap();
            let apart = now.duration_since(signed).unwrap_or_else(|ahead| ahead.duration());
            if apart > Duration::from_mins(5) { expired(now) } else { Seen::Through }
        }
    }

    fn expired(now: SystemTime) -> Seen {
        let date = DateTime::from(now).fmt(DateTimeFormat::HttpDate).unwrap();
        let body = r#"{"__type":"InvalidSignatureException","message":"Signature expired"}"#;
        answer(400, Some(&date), body)
    }

    #[tokio::test(start_paused = true)]
    async fn a_clock_that_is_off_is_corrected_by_what_the_first_answer_tells() {
        let local = local();
        let looked = Arc::new(AtomicU32::new(0));
        let (service, counter) = (service_ahead(Duration::from_mins(20)), Arc::clone(&looked));
        let http = wire(&local, move |request| {
            counter.fetch_add(1, Ordering::Relaxed);
            service(request)
        });
        let client = Client::from_conf(local.kinesis_config().http_client(http).build());
        let mut sink = KinesisSink::builder("orders").client(client).connect().await.unwrap();
        sink.send(message()).await.unwrap();
        let refused = looked.load(Ordering::Relaxed) - u32::try_from(local.counters().total_calls()).unwrap();
        assert_eq!(refused, 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_clock_that_cannot_be_corrected_is_named_in_the_error() {
        let local = local();
        let http = wire(&local, |_| expired(SystemTime::now() - Duration::from_hours(2)));
        let client = Client::from_conf(local.kinesis_config().http_client(http).build());
        let error = KinesisSink::builder("orders").client(client).connect().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AccessDenied);
        let text = error.to_string();
        assert!(text.contains("Signature expired: the local clock is 72"), "{text}");
        assert!(text.ends_with(" s ahead of that of the service"), "{text}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_signature_that_is_wrong_at_the_right_time_is_refused_at_once() {
        let local = local();
        let mut sink = KinesisSink::builder("orders").client(local.client()).connect().await.unwrap();
        local.faults().set(Faults::seeded(1).add(Fault::fail_calls(ErrorCode::InvalidSignature)));
        let error = sink.send(message()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AccessDenied);
        assert_eq!(local.counters().calls(Operation::PutRecords), 1);
    }
}
