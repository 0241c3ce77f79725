//! A stream of one test.

use aws_sdk_kinesis::Client;
use aws_sdk_kinesis::primitives::Blob;
use aws_sdk_kinesis::types::{Record, Shard, ShardIteratorType, StreamStatus};

use crate::eventually::eventually;
use crate::explain::explain;

/// A stream that only one test uses, with the calls that most tests make.
///
/// A call that fails panics with the server's answer: a test that expects an error makes the call itself.
#[derive(Debug)]
pub struct TestStream {
    client: Client,
    name: String,
}

impl TestStream {
    pub(crate) async fn create(client: Client, name: String, shards: i32) -> Self {
        let stream = Self { client, name };
        let created =
            stream.client.create_stream().stream_name(&stream.name).shard_count(shards).send().await;
        if let Err(error) = created {
            panic!("create {:?}: {}", stream.name, explain(&error));
        }
        stream.active().await;
        stream
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The client that it uses.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Waits until it is active: after it was made, and after each change of its shards.
    pub async fn active(&self) {
        eventually("the stream is active", async || {
            (self.status().await? == StreamStatus::Active).then_some(())
        })
        .await;
    }

    /// Its status, or `None` where there is no such stream.
    pub async fn status(&self) -> Option<StreamStatus> {
        let described = self.client.describe_stream_summary().stream_name(&self.name).send().await.ok()?;
        described.stream_description_summary.map(|summary| summary.stream_status)
    }

    /// All its shards, closed ones too, in the order of their ids.
    pub async fn shards(&self) -> Vec<Shard> {
        let described = self.client.describe_stream().stream_name(&self.name).send().await;
        let described =
            described.unwrap_or_else(|error| panic!("describe {:?}: {}", self.name, explain(&error)));
        described.stream_description.map(|description| description.shards).unwrap_or_default()
    }

    /// Puts one record and returns the shard that it landed on and its sequence number.
    pub async fn put(&self, key: &str, data: impl Into<Vec<u8>>) -> (String, String) {
        let put = self.client.put_record().stream_name(&self.name).partition_key(key).data(Blob::new(data));
        let put =
            put.send().await.unwrap_or_else(|error| panic!("put to {:?}: {}", self.name, explain(&error)));
        (put.shard_id, put.sequence_number)
    }

    /// An iterator of a kind that takes no argument.
    pub async fn iterator(&self, shard: &str, kind: ShardIteratorType) -> String {
        let got = self
            .client
            .get_shard_iterator()
            .stream_name(&self.name)
            .shard_id(shard)
            .shard_iterator_type(kind);
        let got = got
            .send()
            .await
            .unwrap_or_else(|error| panic!("iterate {shard} of {:?}: {}", self.name, explain(&error)));
        got.shard_iterator.unwrap_or_else(|| panic!("iterate {shard} of {:?}: no iterator", self.name))
    }

    /// Reads a shard from its beginning until `count` records are there.
    ///
    /// # Panics
    ///
    /// When there are fewer, or the shard holds more than it was asked for at that point.
    pub async fn read(&self, shard: &str, count: usize) -> Vec<Record> {
        let mut iterator = Some(self.iterator(shard, ShardIteratorType::TrimHorizon).await);
        let mut records = Vec::new();
        eventually("all records are read", async || {
            let Some(at) = iterator.take() else {
                panic!("{shard} of {:?} ended after {} records of {count}", self.name, records.len())
            };
            let page = self.client.get_records().shard_iterator(at).send().await;
            let page =
                page.unwrap_or_else(|error| panic!("read {shard} of {:?}: {}", self.name, explain(&error)));
            records.extend(page.records);
            iterator = page.next_shard_iterator;
            (records.len() >= count).then_some(())
        })
        .await;
        assert_eq!(records.len(), count, "{shard} of {:?} holds more records than were put", self.name);
        records
    }

    /// Reads an open shard from its beginning to its tip.
    pub async fn read_all(&self, shard: &str) -> Vec<Record> {
        let mut iterator = Some(self.iterator(shard, ShardIteratorType::TrimHorizon).await);
        let mut records = Vec::new();
        while let Some(at) = iterator.take() {
            let page = self.client.get_records().shard_iterator(at).send().await;
            let page =
                page.unwrap_or_else(|error| panic!("read {shard} of {:?}: {}", self.name, explain(&error)));
            let is_empty = page.records.is_empty();
            records.extend(page.records);
            iterator = page.next_shard_iterator.filter(|_| !is_empty);
        }
        records
    }

    /// Deletes it and its consumers; a test that fails before this leaves it to the end of the server.
    pub async fn delete(self) {
        let delete = self.client.delete_stream().stream_name(&self.name).enforce_consumer_deletion(true);
        let deleted = delete.send().await;
        if let Err(error) = deleted {
            panic!("delete {:?}: {}", self.name, explain(&error));
        }
    }
}
