//! [ListShards](https://docs.aws.amazon.com/kinesis/latest/APIReference/API_ListShards.html).

use std::ops::RangeInclusive;

use aws_sdk_kinesis::types::{self, HashKeyRange, ShardFilter, ShardFilterType};
use headwater::batch::ShardRange;
use headwater::source::Shard;
use headwater::{Error, ErrorKind, HashKey, Result, ShardId};

use crate::api::Api;
use crate::api::signed::signed;
use crate::error::from_sdk;

/// A shard as ListShards names it.
pub(crate) struct ListedShard {
    pub(crate) shard: Shard,
    /// The hash keys that it owns, where they can be read.
    pub(crate) range: Option<RangeInclusive<HashKey>>,
}

impl Api {
    /// Lists every shard of the stream. The source's engine tries again what fails.
    pub(crate) async fn list_shards(&self) -> Result<Vec<ListedShard>> {
        let shards = self.shards(None).await?;
        Ok(shards.into_iter().map(describe).collect())
    }

    /// Lists the ranges of every shard of the stream, or of those that are open. The caller tries again what fails.
    ///
    /// An answer with a range that cannot be read is `Unavailable`: a map with a hole in it is worse than none.
    pub(crate) async fn shard_ranges(&self, open_only: bool) -> Result<Vec<ShardRange>> {
        let filter = open_only.then_some(ShardFilterType::AtLatest);
        ranges(self.shards(filter).await?, open_only).map_err(|cause| {
            Error::new(ErrorKind::Unavailable, self.context("list shards of")).caused_by(cause)
        })
    }

    /// Lists shards over all pages. MaxResults stays at its default: servers differ in it.
    async fn shards(&self, filter: Option<ShardFilterType>) -> Result<Vec<types::Shard>> {
        let filter = filter.and_then(|kind| ShardFilter::builder().r#type(kind).build().ok());
        let mut shards = Vec::new();
        let mut token: Option<String> = None;
        loop {
            let request = self.client.list_shards();
            // A token stands for stream and filter, and Kinesis refuses it together with them.
            let request = match token {
                Some(token) => request.next_token(token),
                None => request
                    .set_stream_name(self.stream.request_name())
                    .set_stream_arn(self.stream.request_arn())
                    .set_shard_filter(filter.clone()),
            };
            let page = signed(|| request.clone().send()).await;
            let page = page.map_err(|error| from_sdk(self.context("list shards of"), &error))?;
            shards.extend(page.shards.unwrap_or_default());
            token = page.next_token;
            if token.is_none() {
                return Ok(shards);
            }
        }
    }
}

fn describe(shard: types::Shard) -> ListedShard {
    let parents = [shard.parent_shard_id, shard.adjacent_parent_shard_id];
    ListedShard {
        range: shard.hash_key_range.as_ref().and_then(range_of),
        shard: Shard {
            id: ShardId::new(shard.shard_id),
            parents: parents.into_iter().flatten().map(ShardId::new).collect(),
        },
    }
}

/// Reads a range of hash keys; `None` where it is none.
pub(crate) fn hash_key_range(first: &str, last: &str) -> Option<RangeInclusive<HashKey>> {
    let range = first.parse().ok()?..=last.parse().ok()?;
    (!range.is_empty()).then_some(range)
}

fn range_of(keys: &HashKeyRange) -> Option<RangeInclusive<HashKey>> {
    hash_key_range(&keys.starting_hash_key, &keys.ending_hash_key)
}

/// Reads the ranges of shards. A filter may have gone unheard: kinesalite lists closed shards all the same.
fn ranges(shards: Vec<types::Shard>, open_only: bool) -> Result<Vec<ShardRange>, String> {
    let ranges = shards.into_iter().map(range);
    ranges.filter(|range| range.as_ref().map_or(true, |range| range.open || !open_only)).collect()
}

fn range(shard: types::Shard) -> Result<ShardRange, String> {
    let id = shard.shard_id;
    let Some(sequences) = shard.sequence_number_range else {
        return Err(format!("{id} has no range of sequence numbers"));
    };
    let Some(keys) = shard.hash_key_range else {
        return Err(format!("{id} has no range of hash keys"));
    };
    let Some(range) = range_of(&keys) else {
        let (first, last) = (keys.starting_hash_key, keys.ending_hash_key);
        return Err(format!("the hash keys \"{first}\" to \"{last}\" of {id} are no range"));
    };
    let (first, last) = range.into_inner();
    Ok(ShardRange { id: ShardId::new(id), first, last, open: sequences.ending_sequence_number.is_none() })
}

#[cfg(test)]
mod tests {
    use aws_sdk_kinesis::types::SequenceNumberRange;
    use headwater_local::LocalKinesis;

    use super::*;

    fn api(local: &LocalKinesis) -> Api {
        Api {
            client: local.client(),
            own_http: false,
            stream: "orders".parse().unwrap(),
            place: "in process".into(),
            wire: crate::wire::Dialect::default(),
        }
    }

    fn shard(first: &str, last: &str, end: Option<&str>) -> types::Shard {
        let keys = HashKeyRange::builder().starting_hash_key(first).ending_hash_key(last).build().unwrap();
        let sequences = SequenceNumberRange::builder().starting_sequence_number("1");
        let sequences = sequences.set_ending_sequence_number(end.map(str::to_owned)).build().unwrap();
        let shard = types::Shard::builder().shard_id("shardId-7").hash_key_range(keys);
        shard.sequence_number_range(sequences).build().unwrap()
    }

    fn is_whole(ranges: &[ShardRange]) -> bool {
        ranges[0].first == HashKey::MIN
            && ranges.windows(2).all(|pair| pair[0].last.get() + 1 == pair[1].first.get())
            && ranges[ranges.len() - 1].last == HashKey::MAX
    }

    #[tokio::test]
    async fn the_ranges_of_a_stream_are_listed_over_all_pages() {
        let local = LocalKinesis::builder().stream("orders", 2500).build();
        for open_only in [true, false] {
            let ranges = api(&local).shard_ranges(open_only).await.unwrap();
            assert_eq!(ranges.len(), 2500);
            assert!(is_whole(&ranges));
        }
        assert_eq!(local.counters().calls(headwater_local::Operation::ListShards), 6);
    }

    #[tokio::test]
    async fn a_closed_shard_is_listed_only_where_it_is_asked_for() {
        let local = LocalKinesis::builder().stream("orders", 2).build();
        local.split_shard("orders", "shardId-000000000000").unwrap();
        let api = api(&local);
        let open = api.shard_ranges(true).await.unwrap();
        assert_eq!((open.len(), open.iter().all(|range| range.open)), (3, true));
        let all = api.shard_ranges(false).await.unwrap();
        let closed: Vec<_> = all.iter().filter(|range| !range.open).map(|range| range.id.as_str()).collect();
        assert_eq!((all.len(), closed), (4, vec!["shardId-000000000000"]));
    }

    #[test]
    fn a_server_that_does_not_know_the_filter_is_filtered_here() {
        let listed = vec![shard("0", "9", Some("2")), shard("0", "4", None), shard("5", "9", None)];
        assert_eq!(ranges(listed.clone(), true).unwrap().len(), 2);
        assert_eq!(ranges(listed, false).unwrap().len(), 3);
    }

    #[test]
    fn a_range_that_cannot_be_read_names_its_shard() {
        for (first, last) in [("", "9"), ("0", ""), ("0", "0x10"), ("9", "0")] {
            let cause = ranges(vec![shard(first, last, None)], true).unwrap_err();
            assert_eq!(cause, format!("the hash keys \"{first}\" to \"{last}\" of shardId-7 are no range"));
        }
        let mut bare = shard("0", "9", None);
        bare.hash_key_range = None;
        assert_eq!(ranges(vec![bare.clone()], true).unwrap_err(), "shardId-7 has no range of hash keys");
        bare.sequence_number_range = None;
        assert_eq!(ranges(vec![bare], true).unwrap_err(), "shardId-7 has no range of sequence numbers");
    }
}
