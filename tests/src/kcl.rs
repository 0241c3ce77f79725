//! Readers that treat KPL aggregates as Amazon's KCL does.
//!
//! The KCL drops a whole aggregate when one of its user records hashes outside the shard that it was read from, and
//! says nothing. Whoever writes aggregates must therefore be read by the strict reader; the lenient one shows what is
//! there.

use std::collections::BTreeMap;
use std::time::SystemTime;

use aws_sdk_kinesis::Client;
use aws_sdk_kinesis::types::{Shard, ShardIteratorType};
use bytes::Bytes;
use headwater::Key;
use headwater_kinesis::kpl::{Contents, UserRecord, deaggregate, hash_key};
use headwater_local::{LocalKinesis, ShardInfo};

use crate::explain::explain;

/// What becomes of an aggregate that holds user records of another shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kcl {
    /// It is dropped whole, as Amazon's KCL does
    Strict,
    /// It is kept whole
    Lenient,
}

/// What a reader found in a stream.
#[derive(Clone, Debug, Default)]
pub struct Reading {
    /// The payloads of each partition key: each shard in its order, parents before children, and shards that are
    /// neither to one another as their records arrived.
    pub payloads: BTreeMap<String, Vec<Bytes>>,
    /// How many aggregates were kept.
    pub aggregates: usize,
    /// How many aggregates were dropped, or would be by the strict reader.
    pub misplaced: usize,
    /// The most user records that an aggregate held.
    pub largest: usize,
}

/// The hash keys that a shard owns, both ends included.
type Range = (u128, u128);

/// A record as any way of reading gives it.
struct Raw {
    range: Range,
    arrival: SystemTime,
    partition_key: String,
    data: Bytes,
}

impl Kcl {
    /// Reads a stream of our own server, without a call.
    ///
    /// # Panics
    ///
    /// When there is no such stream, or a record is damaged.
    pub fn read_local(self, local: &LocalKinesis, stream: &str) -> Reading {
        let shards = local.shards(stream).unwrap_or_else(|error| panic!("{error}"));
        let ranges: BTreeMap<&str, Range> =
            shards.iter().map(|shard| (&*shard.shard_id, range(shard))).collect();
        let records = local.records(stream).unwrap_or_else(|error| panic!("{error}")).into_iter();
        let raw = records.map(|record| Raw {
            range: ranges[&*record.shard_id],
            arrival: record.arrival,
            partition_key: record.partition_key,
            data: record.data,
        });
        self.read_raw(raw.collect())
    }

    /// Reads a stream from TRIM_HORIZON to the end of each shard, or its tip, with plain calls of the SDK.
    ///
    /// # Panics
    ///
    /// When a call fails, or a record is damaged.
    pub async fn read(self, client: &Client, stream: &str) -> Reading {
        let described = client.describe_stream().stream_name(stream).send().await;
        let described = described.unwrap_or_else(|error| panic!("describe {stream:?}: {}", explain(&error)));
        let mut shards = described.stream_description.map(|stream| stream.shards).unwrap_or_default();
        // Ids grow as shards are opened, so that this puts parents before children.
        shards.sort_unstable_by(|a, b| a.shard_id.cmp(&b.shard_id));
        let mut raw = Vec::new();
        for shard in &shards {
            read_shard(client, stream, shard, &mut raw).await;
        }
        self.read_raw(raw)
    }

    /// Takes records, by shard with parents before children.
    fn read_raw(self, mut raw: Vec<Raw>) -> Reading {
        // A misplaced aggregate lies on a shard that is no relative of the one where its keys went before, and only
        // time tells which comes first. Records of relatives stay as they are: a parent takes none after its end.
        raw.sort_by_key(|record| record.arrival);
        let mut reading = Reading::default();
        for record in raw {
            reading.take(self, record);
        }
        reading
    }
}

async fn read_shard(client: &Client, stream: &str, shard: &Shard, raw: &mut Vec<Raw>) {
    let id = &shard.shard_id;
    let range = shard.hash_key_range.as_ref().expect("a shard has a range");
    let end = |text: &str| text.parse().expect("a hash key is a number");
    let range = (end(&range.starting_hash_key), end(&range.ending_hash_key));
    let horizon = ShardIteratorType::TrimHorizon;
    let got = client.get_shard_iterator().stream_name(stream).shard_id(id).shard_iterator_type(horizon);
    let got = got.send().await;
    let mut iterator = got.unwrap_or_else(|error| panic!("iterate {id}: {}", explain(&error))).shard_iterator;
    while let Some(at) = iterator {
        let page = client.get_records().shard_iterator(at).send().await;
        let page = page.unwrap_or_else(|error| panic!("read {id}: {}", explain(&error)));
        let at_tip = page.records.is_empty() && page.millis_behind_latest.unwrap_or(0) == 0;
        for record in page.records {
            let arrival = record.approximate_arrival_timestamp.expect("a record has an arrival");
            raw.push(Raw {
                range,
                arrival: arrival.try_into().expect("an arrival is a time"),
                partition_key: record.partition_key.expect("a record has a partition key"),
                data: record.data.into_inner().into(),
            });
        }
        iterator = page.next_shard_iterator.filter(|_| !at_tip);
    }
}

impl Reading {
    /// How many payloads there are, repeats included.
    pub fn count(&self) -> usize {
        self.payloads.values().map(Vec::len).sum()
    }

    fn take(&mut self, kcl: Kcl, record: Raw) {
        match deaggregate(&record.data).unwrap_or_else(|error| panic!("{error}")) {
            // A plain record lies where its own key put it.
            Contents::Plain | Contents::BadDigest => self.keep(&Key::from(record.partition_key), record.data),
            Contents::Aggregate(users) => self.take_users(kcl, record.range, users),
        }
    }

    fn take_users(&mut self, kcl: Kcl, (first, last): Range, users: Vec<UserRecord>) {
        let misplaced = !users.iter().all(|user| (first..=last).contains(&hash_key(&user.key).get()));
        self.misplaced += usize::from(misplaced);
        if misplaced && kcl == Kcl::Strict {
            return;
        }
        self.aggregates += 1;
        self.largest = self.largest.max(users.len());
        for user in users {
            self.keep(&user.key, user.data);
        }
    }

    fn keep(&mut self, key: &Key, payload: Bytes) {
        self.payloads.entry(key.partition_key().to_owned()).or_default().push(payload);
    }
}

fn range(shard: &ShardInfo) -> Range {
    (shard.starting_hash_key, shard.ending_hash_key)
}

#[cfg(test)]
mod tests {
    use headwater::Headers;
    use headwater::codec::Framing;
    use headwater_kinesis::kpl::{Kpl, partition_hash_key};

    use super::*;
    use crate::server::Server;

    /// An aggregate of keys that a split in the middle parts, and the hash key that it goes by.
    fn parted() -> (Bytes, u128) {
        // Their MD5s begin with 0c and 92.
        let mut frame = Kpl.open();
        frame.push(&Key::from("a"), b"low", &Headers::new());
        frame.push(&Key::from("b"), b"high", &Headers::new());
        (frame.finish(), partition_hash_key("a").get())
    }

    #[test]
    fn only_the_strict_reader_drops_an_aggregate_that_holds_a_key_of_another_shard() {
        let local = LocalKinesis::builder().stream("orders", 2).build();
        let (record, at) = parted();
        local.put_at("orders", "a", at, &record).unwrap();
        local.put("orders", "a", "plain").unwrap();

        let lenient = Kcl::Lenient.read_local(&local, "orders");
        assert_eq!((lenient.count(), lenient.aggregates, lenient.misplaced, lenient.largest), (3, 1, 1, 2));
        assert_eq!(lenient.payloads["a"], ["low", "plain"]);
        let strict = Kcl::Strict.read_local(&local, "orders");
        assert_eq!((strict.count(), strict.aggregates, strict.misplaced), (1, 0, 1));
    }

    #[test]
    fn an_aggregate_is_judged_by_the_shard_that_it_lies_on() {
        let local = LocalKinesis::builder().stream("orders", 1).build();
        let (record, at) = parted();
        local.put_at("orders", "a", at, &record).unwrap();
        local.split_shard("orders", "shardId-000000000000").unwrap();
        local.put_at("orders", "a", at, &record).unwrap();
        let strict = Kcl::Strict.read_local(&local, "orders");
        assert_eq!((strict.count(), strict.misplaced), (2, 1), "the parent held both keys, no child does");
    }

    #[tokio::test(start_paused = true)]
    async fn records_of_shards_that_are_no_relatives_are_read_as_they_arrived() {
        let local = LocalKinesis::builder().stream("orders", 2).build();
        local.put_at("orders", "a", u128::MAX, "first").unwrap();
        tokio::time::advance(std::time::Duration::from_millis(1)).await;
        local.put_at("orders", "a", 0, "second").unwrap();
        assert_eq!(Kcl::Lenient.read_local(&local, "orders").payloads["a"], ["first", "second"]);
    }

    #[tokio::test]
    async fn a_stream_reads_the_same_with_calls() {
        let endpoint = Server::Kinesalite.shared();
        let stream = endpoint.create_stream("kcl", 2).await;
        let (record, at) = parted();
        let put = stream.client().put_record().stream_name(stream.name()).partition_key("a");
        put.explicit_hash_key(at.to_string()).data(record.to_vec().into()).send().await.unwrap();
        stream.put("a", "plain").await;

        let lenient = Kcl::Lenient.read(stream.client(), stream.name()).await;
        assert_eq!(lenient.payloads["a"], ["low", "plain"]);
        assert_eq!(lenient.payloads["b"], ["high"]);
        let strict = Kcl::Strict.read(stream.client(), stream.name()).await;
        assert_eq!((strict.count(), strict.misplaced), (1, 1));
        stream.delete().await;
    }
}
