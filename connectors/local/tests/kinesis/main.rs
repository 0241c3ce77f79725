//! What AWS's own SDK sees of the endpoint, in process and over TCP.

mod records;

use aws_sdk_kinesis::Client;
use aws_sdk_kinesis::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_kinesis::types::ShardIteratorType;
use headwater_local::LocalKinesis;

/// The code of a refused call.
fn code<T, E: ProvideErrorMetadata + std::fmt::Debug, R>(result: Result<T, SdkError<E, R>>) -> String
where
    T: std::fmt::Debug,
    R: std::fmt::Debug,
{
    let error = result.expect_err("the call is refused");
    error.code().unwrap_or_else(|| panic!("no code in {error:?}")).to_owned()
}

/// An iterator of a shard.
async fn iterator(client: &Client, stream: &str, shard: usize, kind: ShardIteratorType) -> String {
    let call =
        client.get_shard_iterator().stream_name(stream).shard_id(shard_id(shard)).shard_iterator_type(kind);
    call.send().await.unwrap().shard_iterator.unwrap()
}

fn shard_id(index: usize) -> String {
    format!("shardId-{index:012}")
}

/// A client that does not retry, because its tests count calls.
fn client(local: &LocalKinesis) -> Client {
    use aws_sdk_kinesis::config::retry::RetryConfig;
    Client::from_conf(local.kinesis_config().retry_config(RetryConfig::disabled()).build())
}
