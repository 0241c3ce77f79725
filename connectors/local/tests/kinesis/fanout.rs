//! What the tests of enhanced fan-out share.

use std::time::Duration;

use aws_sdk_kinesis::Client;
use aws_sdk_kinesis::error::SdkError;
use aws_sdk_kinesis::operation::subscribe_to_shard::{SubscribeToShardError, SubscribeToShardOutput};
use aws_sdk_kinesis::types::error::SubscribeToShardEventStreamError;
use aws_sdk_kinesis::types::{ShardIteratorType, StartingPosition, SubscribeToShardEvent};
use headwater_local::{LocalKinesis, LocalKinesisBuilder, Server};
use tokio::time::timeout;

use crate::FIRST;

/// Far below a heartbeat, far above what a push takes.
pub(crate) const SOON: Duration = Duration::from_secs(2);

pub(crate) type RecvError =
    SdkError<SubscribeToShardEventStreamError, aws_smithy_types::event_stream::RawMessage>;
type Refused = SdkError<SubscribeToShardError>;

/// A stream `orders` with a consumer, and a client of it.
pub(crate) struct Setup {
    pub(crate) local: LocalKinesis,
    pub(crate) client: Client,
    pub(crate) consumer: String,
    /// Serves as long as it is held.
    _server: Option<Server>,
}

/// Sets up in process and over TCP. A builder says what else there is.
pub(crate) async fn both_ways(shards: usize, builder: fn() -> LocalKinesisBuilder) -> [Setup; 2] {
    let local = builder().stream("orders", shards).build();
    let client = crate::client(&local);
    let served = builder().stream("orders", shards).serve().await.unwrap();
    let retries = aws_sdk_kinesis::config::retry::RetryConfig::disabled();
    let over_tcp = Client::from_conf(served.kinesis_config().retry_config(retries).build());
    [
        Setup { consumer: local.register_consumer("orders", "c").unwrap(), local, client, _server: None },
        Setup {
            consumer: served.register_consumer("orders", "c").unwrap(),
            local: served.local().clone(),
            client: over_tcp,
            _server: Some(served),
        },
    ]
}

/// Sets up in process.
pub(crate) fn in_process(local: LocalKinesis) -> Setup {
    let consumer = local.register_consumer("orders", "c").unwrap();
    Setup { consumer, client: crate::client(&local), local, _server: None }
}

/// A builder whose subscriptions can be taken over at once.
pub(crate) fn eager() -> LocalKinesisBuilder {
    LocalKinesis::builder().resubscribe_after(Duration::ZERO)
}

impl Setup {
    /// Subscribes to the first shard.
    pub(crate) async fn subscribe(&self, from: StartingPosition) -> Events {
        self.try_subscribe(FIRST, from).await.unwrap()
    }

    pub(crate) async fn try_subscribe(&self, shard: &str, from: StartingPosition) -> Result<Events, Refused> {
        self.subscribe_as(&self.consumer, shard, from).await
    }

    pub(crate) async fn subscribe_as(
        &self,
        consumer: &str,
        shard: &str,
        from: StartingPosition,
    ) -> Result<Events, Refused> {
        let call = self.client.subscribe_to_shard().consumer_arn(consumer).shard_id(shard);
        call.starting_position(from).send().await.map(Events)
    }

    /// Puts a record into the first shard and returns its sequence number.
    pub(crate) fn put(&self, data: &str) -> String {
        self.local.put_at("orders", "k", 0, data).unwrap().sequence_number
    }
}

/// The events of a subscription.
pub(crate) struct Events(SubscribeToShardOutput);

impl Events {
    pub(crate) async fn recv(&mut self) -> Result<Option<SubscribeToShardEvent>, RecvError> {
        let event = self.0.event_stream.recv().await?;
        Ok(event.map(|event| event.as_subscribe_to_shard_event().expect("there is no other kind").clone()))
    }

    /// The next event of a subscription that goes on.
    pub(crate) async fn next(&mut self) -> SubscribeToShardEvent {
        self.recv().await.unwrap().expect("the subscription goes on")
    }

    /// The texts of the next event that holds records.
    pub(crate) async fn texts(&mut self) -> Vec<String> {
        loop {
            let event = self.next().await;
            if !event.records().is_empty() {
                return texts(&event);
            }
        }
    }

    /// The exception that ends the subscription, after whatever events still come.
    pub(crate) async fn exception(&mut self) -> SubscribeToShardEventStreamError {
        match self.failure().await {
            SdkError::ServiceError(error) => error.into_err(),
            other => panic!("no exception: {other:?}"),
        }
    }

    /// What breaks the subscription, after whatever events still come.
    pub(crate) async fn failure(&mut self) -> RecvError {
        let failure = async {
            loop {
                match self.recv().await {
                    Ok(event) => drop(event.expect("the subscription breaks")),
                    Err(error) => return error,
                }
            }
        };
        timeout(SOON, failure).await.expect("no heartbeat is waited for")
    }
}

pub(crate) fn from(kind: ShardIteratorType) -> StartingPosition {
    StartingPosition::builder().r#type(kind).build().unwrap()
}

pub(crate) fn trim_horizon() -> StartingPosition {
    from(ShardIteratorType::TrimHorizon)
}

pub(crate) fn latest() -> StartingPosition {
    from(ShardIteratorType::Latest)
}

pub(crate) fn at(sequence: &str) -> StartingPosition {
    numbered(ShardIteratorType::AtSequenceNumber, sequence)
}

pub(crate) fn after(sequence: &str) -> StartingPosition {
    numbered(ShardIteratorType::AfterSequenceNumber, sequence)
}

fn numbered(kind: ShardIteratorType, sequence: &str) -> StartingPosition {
    StartingPosition::builder().r#type(kind).sequence_number(sequence).build().unwrap()
}

/// The data of an event, as text.
pub(crate) fn texts(event: &SubscribeToShardEvent) -> Vec<String> {
    let text = |record: &aws_sdk_kinesis::types::Record| {
        String::from_utf8(record.data.as_ref().to_vec()).expect("tests put text")
    };
    event.records().iter().map(text).collect()
}
