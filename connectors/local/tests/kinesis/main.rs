//! What AWS's own SDK sees of the endpoint, in process and over TCP.

mod consumers;
mod distribution;
mod fanout;
mod faults;
mod filters;
mod formats;
mod iterators;
mod paging;
mod rates;
mod records;
mod reshard;
mod server;
mod shard_ends;
mod streams;
mod subscription_ends;
mod subscription_faults;
mod subscription_limits;
mod subscriptions;
mod validation;

use std::fmt::Debug;

use aws_sdk_kinesis::Client;
use aws_sdk_kinesis::config::retry::RetryConfig;
use aws_sdk_kinesis::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_kinesis::operation::get_records::GetRecordsOutput;
use aws_sdk_kinesis::primitives::Blob;
use aws_sdk_kinesis::types::{PutRecordsRequestEntry, ShardIteratorType};
use headwater_local::LocalKinesis;

/// The first shard of every stream.
const FIRST: &str = "shardId-000000000000";

/// A client that does not retry, because its tests count calls.
fn client(local: &LocalKinesis) -> Client {
    Client::from_conf(local.kinesis_config().retry_config(RetryConfig::disabled()).build())
}

/// The code of a refused call.
#[track_caller]
fn code<T: Debug, E: ProvideErrorMetadata + Debug, R: Debug>(result: Result<T, SdkError<E, R>>) -> String {
    let error = result.expect_err("the call is refused");
    error.code().unwrap_or_else(|| panic!("no code in {error:?}")).to_owned()
}

fn shard_id(index: usize) -> String {
    format!("shardId-{index:012}")
}

fn entry(key: &str, data: &[u8]) -> PutRecordsRequestEntry {
    PutRecordsRequestEntry::builder().partition_key(key).data(Blob::new(data)).build().unwrap()
}

/// An iterator of a shard.
async fn iterator(client: &Client, stream: &str, shard: &str, kind: ShardIteratorType) -> String {
    let call = client.get_shard_iterator().stream_name(stream).shard_id(shard).shard_iterator_type(kind);
    call.send().await.unwrap().shard_iterator.unwrap()
}

async fn read(client: &Client, iterator: impl Into<String>) -> GetRecordsOutput {
    client.get_records().shard_iterator(iterator).send().await.unwrap()
}

/// The data of a page, as text.
fn texts(page: &GetRecordsOutput) -> Vec<String> {
    page.records.iter().map(|record| String::from_utf8(record.data.as_ref().to_vec()).unwrap()).collect()
}
