//! The shards that go on where one ended.

use std::ops::RangeInclusive;

use aws_sdk_kinesis::types::ChildShard;
use headwater::source::Shard;
use headwater::{HashKey, ShardId};

use crate::api::hash_key_range;
use crate::wire::read::{DEPTH, Read, Reader};

/// A shard that an answer names as a child.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Child {
    pub(crate) shard: Shard,
    /// The hash keys that it owns, where they can be read.
    pub(crate) range: Option<RangeInclusive<HashKey>>,
}

impl Child {
    /// Reads all that an answer names.
    pub(super) fn read_all<'a, R: Reader<'a>>(reader: &mut R) -> Read<Vec<Self>> {
        let mut children = Vec::new();
        let mut items = reader.list()?;
        while reader.item(&mut items)? {
            children.push(Self::read(reader)?);
        }
        Ok(children)
    }

    fn read<'a, R: Reader<'a>>(reader: &mut R) -> Read<Self> {
        let (mut id, mut parents, mut range) = (None, None, None);
        let mut members = reader.map()?;
        while let Some(key) = reader.key(&mut members)? {
            match &*key {
                "ShardId" if id.is_none() => id = Some(ShardId::new(&*reader.text()?)),
                "ParentShards" if parents.is_none() => parents = Some(read_ids(reader)?),
                "HashKeyRange" if range.is_none() => range = Some(reader.nullable(read_range)?),
                "ShardId" | "ParentShards" | "HashKeyRange" => return reader.bad("each field once"),
                _ => reader.skip(DEPTH)?,
            }
        }
        let Some(id) = id else { return reader.bad("a child with a ShardId") };
        let parents = parents.unwrap_or_default();
        Ok(Self { shard: Shard { id, parents }, range: range.flatten().flatten() })
    }
}

impl From<ChildShard> for Child {
    fn from(child: ChildShard) -> Self {
        let range = child.hash_key_range.as_ref();
        let range = range.and_then(|keys| hash_key_range(&keys.starting_hash_key, &keys.ending_hash_key));
        let parents = child.parent_shards.into_iter().map(ShardId::new).collect();
        Self { shard: Shard { id: ShardId::new(child.shard_id), parents }, range }
    }
}

fn read_ids<'a, R: Reader<'a>>(reader: &mut R) -> Read<Vec<ShardId>> {
    let mut ids = Vec::new();
    let mut items = reader.list()?;
    while reader.item(&mut items)? {
        ids.push(ShardId::new(&*reader.text()?));
    }
    Ok(ids)
}

fn read_range<'a, R: Reader<'a>>(reader: &mut R) -> Read<Option<RangeInclusive<HashKey>>> {
    let (mut first, mut last) = (None, None);
    let mut members = reader.map()?;
    while let Some(key) = reader.key(&mut members)? {
        match &*key {
            "StartingHashKey" if first.is_none() => first = Some(reader.nullable(R::text)?),
            "EndingHashKey" if last.is_none() => last = Some(reader.nullable(R::text)?),
            "StartingHashKey" | "EndingHashKey" => return reader.bad("each field once"),
            _ => reader.skip(DEPTH)?,
        }
    }
    Ok(first.flatten().zip(last.flatten()).and_then(|(first, last)| hash_key_range(&first, &last)))
}
