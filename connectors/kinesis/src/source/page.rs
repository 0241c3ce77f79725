//! From what a shard answered to a page of records, aggregates taken apart.

use std::ops::RangeInclusive;

use headwater::source::{Page, Record, Shard};
use headwater::{HashKey, ShardId};

use crate::StreamRef;
use crate::kpl::{AGGREGATE_PARTITION_KEY, Contents, UserRecord, deaggregate, hash_key, is_aggregate};
use crate::source::Deaggregation;
use crate::source::losses::Losses;
use crate::source::ranges::ShardRanges;
use crate::wire::{Answer, Child};

/// Makes the pages of one shard.
pub(super) struct Pages {
    stream: StreamRef,
    shard: ShardId,
    deaggregation: Deaggregation,
    ranges: ShardRanges,
    /// What the shard owns. Where that is not known nothing is dropped for it: a repeat is better than a loss.
    range: Option<RangeInclusive<HashKey>>,
    losses: Losses,
}

impl Pages {
    pub(super) fn new(
        stream: StreamRef,
        shard: ShardId,
        deaggregation: Deaggregation,
        ranges: ShardRanges,
    ) -> Self {
        // No shard is read that was not listed, or named by its parents, before.
        let range = ranges.of(&shard);
        if range.is_none() && deaggregation.goes_by_range() {
            tracing::warn!(%stream, %shard, policy = ?deaggregation,
                "the service names no range of hash keys for the shard; every user record of it is kept");
        }
        let losses = Losses::new(&stream);
        Self { stream, shard, deaggregation, ranges, range, losses }
    }

    /// Makes a page, which may be the last one of a closed shard.
    pub(super) fn page(&mut self, answer: Answer, is_last: bool) -> Page {
        let is_empty = answer.records.is_empty();
        let mut page = Page {
            bytes: answer.payloads,
            records: answer.records,
            chunks: answer.chunks,
            millis_behind_latest: answer.millis_behind_latest.map(|millis| millis.max(0).cast_unsigned()),
            gap: false,
            end: is_last.then(|| self.children(answer.children)),
        };
        // Most streams have no aggregates, and their pages stay as they are.
        if let Some(first) = page.records.iter().position(|record| is_aggregate(&record.payload)) {
            for record in page.records.split_off(first) {
                self.push(&mut page.records, record);
            }
        }
        if page.records.is_empty() && !is_empty {
            // A page that is empty without lag is taken for the tip, and some servers never tell of any.
            page.millis_behind_latest = Some(page.millis_behind_latest.unwrap_or(0).max(1));
        }
        page
    }

    fn children(&self, children: Vec<Child>) -> Vec<Shard> {
        self.ranges.name(&children);
        children.into_iter().map(|child| child.shard).collect()
    }

    /// Adds a record, or of its user records those that are delivered.
    fn push(&mut self, records: &mut Vec<Record>, whole: Record) {
        match self.users(&whole) {
            None => records.push(whole),
            Some(users) if self.deaggregation == Deaggregation::Whole => {
                records.push(contained(whole, users.first()));
            }
            Some(users) => self.push_users(records, &whole, users),
        }
    }

    /// Looks into a record. One that cannot be taken apart is delivered whole, so that the poison policy of a `decode`
    /// settles what becomes of it.
    fn users(&mut self, record: &Record) -> Option<Vec<UserRecord>> {
        let damage = match deaggregate(&record.payload) {
            Ok(Contents::Plain) => return None,
            Ok(Contents::Aggregate(users)) => return Some(users),
            Ok(Contents::BadDigest) => "its MD5 is wrong".to_owned(),
            Err(error) => error.to_string(),
        };
        self.losses.bad_aggregate((&self.stream, &self.shard, &record.sequence), &damage);
        None
    }

    /// Adds the user records that are delivered. They keep their places in the aggregate, and the last of them is
    /// done with the record.
    ///
    /// A record of which none is delivered leaves no position to move past it. The next record has one; until that
    /// comes, or the shard ends, a restart reads it again and drops it again.
    fn push_users(&mut self, records: &mut Vec<Record>, whole: &Record, users: Vec<UserRecord>) {
        let range = self.range.as_ref().filter(|_| self.deaggregation.goes_by_range());
        let owns = |user: &UserRecord| range.is_none_or(|range| range.contains(&hash_key(&user.key)));
        let (begin, count) = (records.len(), users.len());
        let owned = (0..).zip(users).filter(|(_, user)| owns(user));
        records.extend(owned.map(|(place, user)| Record {
            payload: user.data,
            key: Some(user.key),
            headers: user.headers,
            sequence: whole.sequence.clone(),
            sub_sequence: Some(place),
            completes: false,
            arrival: whole.arrival,
        }));
        let owned = records.len() - begin;
        let outside = count - owned;
        let beside = if self.deaggregation == Deaggregation::KclStrict && outside > 0 { owned } else { 0 };
        records.truncate(begin + owned - beside);
        if let Some(last) = records[begin..].last_mut() {
            last.completes = true;
        }
        let at = (&self.stream, &self.shard, &whole.sequence);
        self.losses.drop_users(at, self.deaggregation, outside, beside);
    }
}

/// Gives an aggregate that is delivered whole the key that leads it where its user records belong.
fn contained(whole: Record, first: Option<&UserRecord>) -> Record {
    let Some(first) = first else { return whole };
    let key = whole.key.unwrap_or_else(|| AGGREGATE_PARTITION_KEY.into());
    Record { key: Some(key.hashed(hash_key(&first.key))), ..whole }
}
