//! PutRecords in each format, against an embedded endpoint.

mod outcomes;
mod refusals;
mod requests;

use aws_sdk_kinesis::Client;
use aws_sdk_kinesis::config::retry::RetryConfig;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use headwater::batch::{Batch, BatchResponse, Entry};
use headwater::{HashKey, Key, Result};
use headwater_local::LocalKinesis;
use tower::{Service, ServiceExt};

use crate::{PutRecords, Wire};

const WIRES: [Wire; 3] = [Wire::Json, Wire::Cbor, Wire::Sdk];

async fn put(service: &mut PutRecords, batch: &Batch) -> Result<BatchResponse> {
    service.ready().await?.call(batch.clone()).await
}

fn orders(local: &LocalKinesis, wire: Wire) -> PutRecords {
    through(local, local.http_client(), wire)
}

/// Makes the service of stream `orders` over an HTTP client, with no retries that hide what was answered.
fn through(local: &LocalKinesis, http: SharedHttpClient, wire: Wire) -> PutRecords {
    let config = local.kinesis_config().http_client(http).retry_config(RetryConfig::disabled());
    PutRecords::new(Client::from_conf(config.build()), "orders".parse().unwrap()).wire(wire)
}

/// Makes a request of entries that are hard to write, the same for the same number.
fn hostile(number: usize) -> Batch {
    let keys = [
        "plain".to_owned(),
        "\"quoted\" and \\back\\slashed".to_owned(),
        "\u{0}\u{1}\u{8}\t\n\u{c}\r\u{1f}\u{7f}".to_owned(),
        "\u{1f980} \u{fffd} \u{10ffff} \u{2028}</script>".to_owned(),
        "x".repeat(256),
        "\u{1f980}".repeat(256),
        "\"".repeat(256),
        "\u{1}".repeat(256),
    ];
    let entries = (0..20).map(|nth| {
        let key = Key::new(keys[(number + nth) % keys.len()].clone());
        let key = match nth % 5 {
            0 => key.hashed(HashKey::MAX),
            1 => key.hashed(HashKey::new(number as u128)),
            _ => key,
        };
        // None is empty, and all that a last group of base64 may lack occurs.
        let data: Vec<u8> = (0..(number * 37 + nth * 11) % 700).map(|byte| (byte * 7) as u8).collect();
        Entry::new(data, key)
    });
    Batch::new(entries.collect())
}
