//! Numbered records on our own endpoint, and sources that read them as in production: paced, and for ever.

use std::ops::Range;

use headwater_kinesis::{KinesisSource, KinesisSourceBuilder};
use headwater_local::{LocalKinesis, LocalKinesisBuilder};
use headwater_tests::TestStream;

/// A source of the stream that all these tests read.
pub(crate) fn orders(local: &LocalKinesis) -> KinesisSourceBuilder {
    KinesisSource::builder("orders").client(local.client())
}

/// An endpoint whose stream holds the first numbers, over all its shards.
pub(crate) fn filled(builder: LocalKinesisBuilder, shards: usize, numbers: usize) -> LocalKinesis {
    let local = builder.stream("orders", shards).build();
    put(&local, 0..numbers);
    local
}

/// Puts numbers, over all shards.
pub(crate) fn put(local: &LocalKinesis, numbers: Range<usize>) {
    for number in numbers {
        local.put("orders", &format!("key-{}", number % 97), number.to_string()).unwrap();
    }
}

/// Puts numbers into a stream of any server.
pub(crate) async fn put_to(stream: &TestStream, numbers: Range<usize>) {
    for number in numbers {
        stream.put(&format!("key-{}", number % 5), number.to_string()).await;
    }
}
