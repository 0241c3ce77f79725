//! Consumers and their subscriptions without a client.

use crate::error::Error;
use crate::inspect::ConsumerInfo;
use crate::local::LocalKinesis;
use crate::ops;
use crate::store::End;

/// Consumers and subscriptions without a client. No fault, rate or delay applies to any of these methods, and no
/// counter counts them.
///
/// # Errors
///
/// Each returns what AWS would answer: mostly that there is no such stream.
impl LocalKinesis {
    /// Registers a consumer, ACTIVE at once, and returns its ARN.
    ///
    /// ```
    /// use aws_sdk_kinesis::types::{ShardIteratorType, StartingPosition};
    /// use headwater_local::LocalKinesis;
    ///
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let local = LocalKinesis::builder().stream("orders", 1).build();
    /// let consumer = local.register_consumer("orders", "invoicing")?;
    /// local.put("orders", "k", "hello")?;
    ///
    /// let from = StartingPosition::builder().r#type(ShardIteratorType::TrimHorizon).build()?;
    /// let call = local.client().subscribe_to_shard().consumer_arn(consumer).shard_id("shardId-000000000000");
    /// let mut events = call.starting_position(from).send().await?.event_stream;
    /// let event = events.recv().await?.expect("an event comes at once");
    /// let event = event.as_subscribe_to_shard_event().expect("there is no other kind");
    /// assert_eq!(event.records()[0].data.as_ref(), b"hello");
    /// # Ok(()) }
    /// ```
    pub fn register_consumer(&self, stream: &str, name: &str) -> Result<String, Error> {
        let found = self.find(stream)?;
        let registered = ops::register(&found.stream, name, &found.endpoint.account, found.now, 0)?;
        Ok(registered.consumer_arn)
    }

    /// Returns a stream's consumers, in the order of their names.
    pub fn consumers(&self, stream: &str) -> Result<Vec<ConsumerInfo>, Error> {
        let found = self.find(stream)?;
        let state = found.stream.state(found.now);
        Ok(state.consumers.iter().map(|consumer| ConsumerInfo::new(consumer, found.now)).collect())
    }

    /// Returns how many subscriptions of a stream run: those that have not ended and whose clients are still there.
    pub fn subscription_count(&self, stream: &str) -> Result<usize, Error> {
        let found = self.find(stream)?;
        let state = found.stream.state(found.now);
        Ok(state.consumers.live().count())
    }

    /// Breaks every subscription of a stream at once, as a network does that loses its connections, and returns how
    /// many those were.
    ///
    /// What a client has not received by then it does not receive. One that reads nothing notices when it reads.
    pub fn disconnect_subscriptions(&self, stream: &str) -> Result<usize, Error> {
        let found = self.find(stream)?;
        let state = found.stream.state(found.now);
        Ok(state.consumers.end_subscriptions(End::Reset))
    }
}
