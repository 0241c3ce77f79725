//! Building an endpoint.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use crate::error::Error;
use crate::faults::Faults;
use crate::local::LocalKinesis;
use crate::rates::ShardRates;
use crate::server::Server;
use crate::settings::Settings;

/// Builds a [`LocalKinesis`].
///
/// ```
/// use headwater_local::LocalKinesis;
/// use std::time::Duration;
///
/// let local = LocalKinesis::builder()
///     .stream("orders", 4)
///     .update_delay(Duration::from_millis(500))
///     .iterator_lifetime(Duration::from_secs(30))
///     .build();
/// assert_eq!(local.shards("orders").unwrap().len(), 4);
/// ```
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct LocalKinesisBuilder {
    settings: Settings,
    streams: Vec<(String, usize)>,
    faults: Option<Faults>,
    rates: ShardRates,
    denied_access_keys: Vec<String>,
}

impl LocalKinesisBuilder {
    /// Creates a stream with the endpoint, ACTIVE at once whatever the delays are.
    pub fn stream(mut self, name: impl Into<String>, shards: usize) -> Self {
        self.streams.push((name.into(), shards));
        self
    }

    /// Sets the region in ARNs and client configurations. The default is `us-east-1`.
    pub fn region(mut self, region: impl Into<String>) -> Self {
        self.settings.region = region.into();
        self
    }

    /// Sets the account in ARNs. The default is `000000000000`.
    pub fn account_id(mut self, account_id: impl Into<String>) -> Self {
        self.settings.account_id = account_id.into();
        self
    }

    /// Sets how long a new stream, and a new consumer, is CREATING. The default is zero: it is ACTIVE when the call
    /// that creates it returns.
    pub fn create_delay(mut self, delay: Duration) -> Self {
        self.settings.create_delay = millis(delay);
        self
    }

    /// Sets how long a stream is UPDATING after a split, a merge, or a change of its shard count or record
    /// size, which takes effect at the end of it. The default is zero.
    pub fn update_delay(mut self, delay: Duration) -> Self {
        self.settings.update_delay = millis(delay);
        self
    }

    /// Sets how long a deleted stream, and a deregistered consumer, is DELETING. The default is zero: it is gone when
    /// the call that deletes it returns.
    pub fn delete_delay(mut self, delay: Duration) -> Self {
        self.settings.delete_delay = millis(delay);
        self
    }

    /// Sets how long shard iterators live. The default is AWS's 5 minutes.
    /// <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_GetShardIterator.html>
    pub fn iterator_lifetime(mut self, lifetime: Duration) -> Self {
        self.settings.iterator_lifetime = millis(lifetime);
        self
    }

    /// Sets how long records and closed shards are kept. The default is AWS's 24 hours.
    /// <https://docs.aws.amazon.com/streams/latest/dev/kinesis-extended-retention.html>
    pub fn retention(mut self, retention: Duration) -> Self {
        self.settings.retention = millis(retention);
        self
    }

    /// Sets how many shards the account may have open. The default is 20,000.
    /// <https://docs.aws.amazon.com/streams/latest/dev/service-sizes-and-limits.html>
    pub fn shard_limit(mut self, shards: usize) -> Self {
        self.settings.shard_limit = shards;
        self
    }

    /// Bounds the bytes that a shard keeps; beyond them its oldest records go, as if their retention had
    /// passed. There is no bound by default. A long benchmark sets one.
    pub fn max_bytes_per_shard(mut self, bytes: u64) -> Self {
        self.settings.max_bytes_per_shard = Some(bytes);
        self
    }

    /// Sets how long a subscription to which no record comes waits between its events, which are empty then. The
    /// default is 5 seconds. AWS documents that there are such events, and no interval.
    /// <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_SubscribeToShardEvent.html>
    pub fn heartbeat(mut self, interval: Duration) -> Self {
        // An interval of nothing would be an endless stream of empty events.
        self.settings.heartbeat = millis(interval).max(1);
        self
    }

    /// Bounds the bytes of records in one event of a subscription; one record always fits. The default is 1 MiB.
    pub fn event_bytes(mut self, bytes: usize) -> Self {
        self.settings.event_bytes = bytes;
        self
    }

    /// Sets how long a subscription lasts. The default is AWS's 5 minutes.
    /// <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_SubscribeToShard.html>
    pub fn subscription_time(mut self, time: Duration) -> Self {
        self.settings.subscription_time = millis(time);
        self
    }

    /// Sets how long after a successful SubscribeToShard call another one of the same consumer and shard gets
    /// ResourceInUseException; a later one takes the subscription over. The default is AWS's 5 seconds.
    /// <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_SubscribeToShard.html>
    pub fn resubscribe_after(mut self, time: Duration) -> Self {
        self.settings.resubscribe_after = millis(time);
        self
    }

    /// Refuses requests in CBOR, as an endpoint that knows only JSON: with status 404, nothing having happened. The default
    /// is to answer each request in its own format, JSON or the CBOR of Amazon's Java SDK.
    pub fn refuse_cbor(mut self) -> Self {
        self.settings.refuses_cbor = true;
        self
    }

    /// Limits what shards take and give. The default is no limit; [`ShardRates::aws`] is what AWS has.
    pub fn rates(mut self, rates: ShardRates) -> Self {
        self.rates = rates;
        self
    }

    /// Starts with faults. They can be replaced and cleared later.
    pub fn faults(mut self, faults: Faults) -> Self {
        self.faults = Some(faults);
        self
    }

    /// Answers calls signed with this access key with UnrecognizedClientException.
    pub fn deny_access_key(mut self, access_key_id: impl Into<String>) -> Self {
        self.denied_access_keys.push(access_key_id.into());
        self
    }

    /// Builds the endpoint, to be used in process.
    ///
    /// # Panics
    ///
    /// Where a [`stream`](Self::stream) has a name, a second time or a number of shards that CreateStream
    /// refuses.
    pub fn build(self) -> LocalKinesis {
        let local = LocalKinesis::with_settings(self.settings);
        for (name, shards) in self.streams {
            local
                .create_stream(&name, shards)
                .unwrap_or_else(|error| panic!("create stream {name:?}: {error}"));
        }
        if let Some(faults) = self.faults {
            local.faults().set(faults);
        }
        local.rates().set(self.rates);
        for key in self.denied_access_keys {
            local.deny_access_key(&key);
        }
        local
    }

    /// Builds the endpoint and serves it on a free port of the loopback interface.
    ///
    /// # Errors
    ///
    /// When the port cannot be opened.
    pub async fn serve(self) -> Result<Server, Error> {
        self.build().serve().await
    }

    /// Builds the endpoint and serves it on an address. Only an address that is not a loopback one lets other
    /// machines in, and nothing checks who they are.
    ///
    /// # Errors
    ///
    /// When the port cannot be opened.
    pub async fn bind(self, address: impl Into<SocketAddr>) -> Result<Server, Error> {
        self.build().bind(address).await
    }
}

/// The address that an endpoint serves on unless told otherwise: loopback, any free port.
pub(crate) fn loopback() -> SocketAddr {
    (Ipv4Addr::LOCALHOST, 0).into()
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
