//! [SubscribeToShard](https://docs.aws.amazon.com/kinesis/latest/APIReference/API_SubscribeToShard.html).

use std::time::Duration;

use aws_sdk_kinesis::Client;
use aws_sdk_kinesis::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_kinesis::operation::subscribe_to_shard::builders::SubscribeToShardFluentBuilder;
use aws_sdk_kinesis::operation::subscribe_to_shard::{SubscribeToShardError, SubscribeToShardOutput};
use aws_sdk_kinesis::primitives::event_stream::EventReceiver;
use aws_sdk_kinesis::types::error::SubscribeToShardEventStreamError as EventError;
use aws_sdk_kinesis::types::{StartingPosition, SubscribeToShardEventStream};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use headwater::source::ReadFrom;
use headwater::{Error, ErrorKind, Result, ShardId};
use tokio::time::timeout;

use crate::api::Api;
use crate::api::signed::signed;
use crate::api::starting_point::StartingPoint;
use crate::error::{chain, from_sdk, kind_of_code};
use crate::wire::{Answer, EventStream, Said, Subscribe, exchanging};

/// How long the first answer may take. The timeouts of the SDK end with the headers of an answer, and it waits for the
/// first event of the stream as well.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a subscription may be silent. Kinesis sends an event every 5 s even where there is nothing to tell.
const STALL_TIMEOUT: Duration = Duration::from_secs(30);

/// The events of one subscription.
#[derive(Debug)]
pub(crate) struct Events {
    receiver: Receiver,
    /// What was subscribed to, for errors.
    context: String,
}

/// Who reads them.
#[derive(Debug)]
enum Receiver {
    Own(EventStream),
    Sdk(EventReceiver<SubscribeToShardEventStream, EventError>),
}

/// Why no more events come.
#[derive(Debug)]
pub(crate) enum Lost {
    /// The five minutes of the subscription are over.
    Expired,
    /// Nothing came for too long.
    Stalled,
    /// The connection broke, or the service said why: `NotReady` where another took the subscription, `NotFound` where
    /// the consumer, the shard or the stream is gone.
    Broken(Error),
}

impl Api {
    /// Subscribes to a shard, over the connection of a client.
    pub(crate) async fn subscribe_to_shard(
        &self,
        client: &Client,
        consumer_arn: &str,
        shard: &ShardId,
        from: &ReadFrom,
    ) -> Result<Events> {
        let context = self.context(&format!("subscribe to {shard} of"));
        let StartingPoint { kind, sequence, timestamp } = from.into();
        let position = StartingPosition::builder().r#type(kind);
        let position = position.set_sequence_number(sequence).set_timestamp(timestamp).build();
        let position =
            position.map_err(|error| Error::new(ErrorKind::Invalid, context.clone()).caused_by(error))?;
        let request = client.subscribe_to_shard().consumer_arn(consumer_arn).shard_id(shard.as_str());
        let request = request.starting_position(position);
        let subscribe = async {
            let (output, events) =
                self.send(request).await.map_err(|error| from_sdk(context.clone(), &error))?;
            let Some(mut events) = events else { return Ok(Receiver::Sdk(output.event_stream)) };
            match events.begin().await {
                Ok(()) => Ok(Receiver::Own(events)),
                Err(error) => Err(Error::new(error.kind(), context.clone()).caused_by(error)),
            }
        };
        match timeout(ANSWER_TIMEOUT, subscribe).await {
            Ok(receiver) => receiver.map(|receiver| Events { receiver, context }),
            Err(_) => Err(Error::new(ErrorKind::Timeout, context).caused_by("no answer in time")),
        }
    }

    /// Makes a call. The events are those of the answer where this crate reads them.
    async fn send(
        &self,
        request: SubscribeToShardFluentBuilder,
    ) -> Result<(SubscribeToShardOutput, Option<EventStream>), SdkError<SubscribeToShardError, HttpResponse>>
    {
        // On the heap: the SDK's future is large.
        let call = || Box::pin(request.clone().send());
        let subscribe = |format| async move {
            let Some(format) = format else { return Ok((signed(call).await?, None)) };
            let exchange = Subscribe::new(format);
            let output = signed(|| exchanging(exchange.clone(), call())).await?;
            // Where the client goes through no exchange the SDK reads them.
            Ok((output, exchange.take()))
        };
        self.wire.speak(subscribe).await
    }
}

impl Events {
    /// Waits for the next event.
    ///
    /// # Cancel safety
    ///
    /// May be dropped: no event is lost. Silence is counted anew.
    pub(crate) async fn next(&mut self) -> Result<Answer, Lost> {
        loop {
            match timeout(STALL_TIMEOUT, self.receiver.next(&self.context)).await {
                Ok(Ok(Some(Said::Event(event)))) => return Ok(*event),
                // An event of a kind that is yet to be invented is a sign of life.
                Ok(Ok(Some(Said::Other))) => {}
                Ok(Ok(Some(Said::Exception { code, message }))) => {
                    return Err(Lost::Broken(excepted(self.context.clone(), &code, &message)));
                }
                Ok(Ok(None)) => return Err(Lost::Expired),
                Ok(Err(error)) => return Err(Lost::Broken(error)),
                Err(_) => return Err(Lost::Stalled),
            }
        }
    }
}

impl Receiver {
    async fn next(&mut self, context: &str) -> Result<Option<Said>> {
        let receiver = match self {
            Self::Own(events) => {
                let said = events.next().await;
                return said.map_err(|error| Error::new(error.kind(), context.to_owned()).caused_by(error));
            }
            Self::Sdk(receiver) => receiver,
        };
        match receiver.recv().await {
            Ok(Some(SubscribeToShardEventStream::SubscribeToShardEvent(event))) => {
                Ok(Some(Said::Event(Box::new(event.into()))))
            }
            Ok(other) => Ok(other.map(|_| Said::Other)),
            Err(error) => Err(broken(context.to_owned(), &error)),
        }
    }
}

/// Sorts what ended an event stream. Such an error has no status, and mostly no code but its name.
fn broken<R: std::fmt::Debug + Send + Sync + 'static>(
    context: String,
    error: &SdkError<EventError, R>,
) -> Error {
    let SdkError::ServiceError(service) = error else {
        return Error::new(ErrorKind::Unavailable, context).caused_by(chain(error));
    };
    let code = match service.err() {
        EventError::ResourceNotFoundException(_) => "ResourceNotFoundException",
        EventError::ResourceInUseException(_) => "ResourceInUseException",
        EventError::KmsAccessDeniedException(_) => "KMSAccessDeniedException",
        EventError::KmsDisabledException(_) => "KMSDisabledException",
        EventError::KmsInvalidStateException(_) => "KMSInvalidStateException",
        EventError::KmsNotFoundException(_) => "KMSNotFoundException",
        EventError::KmsOptInRequired(_) => "KMSOptInRequired",
        EventError::KmsThrottlingException(_) => "KMSThrottlingException",
        EventError::InternalFailureException(_) => "InternalFailureException",
        other => other.code().unwrap_or("unknown error"),
    };
    excepted(context, code, service.err().message().unwrap_or("no message"))
}

/// Sorts an exception that ended an event stream.
fn excepted(context: String, code: &str, message: &str) -> Error {
    let kind = kind_of_code(code).unwrap_or(ErrorKind::Unavailable);
    Error::new(kind, context).caused_by(format!("{code}: {message}"))
}
