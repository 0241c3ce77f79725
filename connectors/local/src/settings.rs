//! What an endpoint is built with.

use crate::limits;

/// Settings that stay as they are while the endpoint lives. Times are in milliseconds.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) region: String,
    pub(crate) account_id: String,
    pub(crate) create_delay: u64,
    pub(crate) update_delay: u64,
    pub(crate) delete_delay: u64,
    pub(crate) iterator_lifetime: u64,
    pub(crate) retention: u64,
    pub(crate) shard_limit: usize,
    pub(crate) max_bytes_per_shard: Option<u64>,
    pub(crate) heartbeat: u64,
    pub(crate) event_bytes: usize,
    pub(crate) subscription_time: u64,
    pub(crate) resubscribe_after: u64,
    pub(crate) refuses_cbor: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            region: "us-east-1".to_owned(),
            account_id: "000000000000".to_owned(),
            create_delay: 0,
            update_delay: 0,
            delete_delay: 0,
            iterator_lifetime: limits::ITERATOR_LIFETIME_MILLIS,
            retention: limits::RETENTION_MILLIS,
            shard_limit: limits::ACCOUNT_SHARDS,
            max_bytes_per_shard: None,
            heartbeat: limits::HEARTBEAT_MILLIS,
            event_bytes: limits::EVENT_BYTES,
            subscription_time: limits::SUBSCRIPTION_MILLIS,
            resubscribe_after: limits::RESUBSCRIBE_MILLIS,
            refuses_cbor: false,
        }
    }
}
