//! Subscriptions by HTTP/2.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use aws_sdk_kinesis::Client;
use aws_sdk_kinesis::config::ConfigBag;
use aws_sdk_kinesis::config::interceptors::BeforeDeserializationInterceptorContextRef;
use aws_sdk_kinesis::config::{Intercept, RuntimeComponents};
use aws_sdk_kinesis::types::ShardIteratorType::TrimHorizon;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::connection::CaptureSmithyConnection;
use headwater_tests::{Endpoint, Server};

use crate::fan_out::consumers::consumer;
use crate::fan_out::kinesis_local_over_tls;
use crate::fan_out::subscription::{Subscription, at};

/// The client's ends of all connections that answered.
#[derive(Clone, Debug, Default)]
struct Connections(Arc<Mutex<HashSet<SocketAddr>>>);

impl Intercept for Connections {
    fn name(&self) -> &'static str {
        "Connections"
    }

    fn read_before_deserialization(
        &self,
        _: &BeforeDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let connection = cfg.load::<CaptureSmithyConnection>().and_then(CaptureSmithyConnection::get);
        let address = connection.and_then(|connection| connection.local_addr());
        self.0.lock().expect("no panic").insert(address.ok_or("no connection was captured")?);
        Ok(())
    }
}

/// On how many connections two subscriptions and the calls around them run.
async fn connections(endpoint: &Endpoint) -> usize {
    let connections = Connections::default();
    let config = aws_sdk_kinesis::config::Builder::from(&endpoint.sdk_config());
    let client = Client::from_conf(config.interceptor(connections.clone()).build());
    let stream = endpoint.create_stream_with(client, "http2", 1).await;
    let mut subscriptions = Vec::new();
    for name in ["one", "other"] {
        let consumer = consumer(&stream, name).await;
        subscriptions.push(Subscription::open(&stream, &consumer, at(TrimHorizon)).await);
    }
    stream.put("key", "a").await;
    for subscription in &mut subscriptions {
        assert_eq!(subscription.texts(1).await, ["a"]);
    }
    stream.delete().await;
    connections.0.lock().expect("no panic").len()
}

#[tokio::test]
async fn by_http_2_subscriptions_and_calls_share_one_connection() {
    assert_eq!(connections(kinesis_local_over_tls()).await, 1);
}

#[tokio::test]
async fn by_http_1_each_subscription_has_a_connection_of_its_own() {
    assert!(connections(Server::KinesisLocal.shared()).await >= 3);
}
