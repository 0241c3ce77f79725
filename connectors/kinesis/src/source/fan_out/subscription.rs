//! One subscription, counted while it lives.

use std::sync::Arc;

use headwater::source::ReadFrom;
use headwater::{Result, ShardId};

use crate::api::{Events, Lost};
use crate::source::fan_out::Consumer;
use crate::source::fan_out::connections::Connection;
use crate::source::polling::Polling;
use crate::wire::Answer;

/// A shard that is pushed to this process. Dropping it ends that.
#[derive(Debug)]
pub(super) struct Subscription {
    events: Events,
    consumer: Arc<Consumer>,
}

impl Subscription {
    pub(super) async fn open(
        consumer: &Arc<Consumer>,
        connection: &Connection,
        arn: &str,
        shard: &ShardId,
        from: &ReadFrom,
    ) -> Result<Self> {
        let Polling { api, meters, .. } = &*consumer.polling;
        let subscribe = api.subscribe_to_shard(connection, arn, shard, from);
        let events = meters.subscribe_to_shard.make(Some(shard), subscribe).await?;
        consumer.subscribed(1);
        Ok(Self { events, consumer: Arc::clone(consumer) })
    }

    /// Waits for the next event.
    ///
    /// # Cancel safety
    ///
    /// May be dropped: no event is lost.
    pub(super) async fn next(&mut self) -> Result<Answer, Lost> {
        self.events.next().await
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.consumer.subscribed(-1);
    }
}
