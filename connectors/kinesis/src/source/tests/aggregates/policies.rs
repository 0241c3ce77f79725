//! What each policy delivers, whatever the keys, the hash keys and the range of the shard.

use bytes::Bytes;
use headwater::{HashKey, Key, SequenceNumber};
use proptest::prelude::*;

use super::{POLICIES, Range, Reader, aggregate, hashed, user};
use crate::kpl::{UserRecord, hash_key};
use crate::source::Deaggregation;

/// A range, and records: one user record alone is plain.
fn case() -> impl Strategy<Value = (Range, Vec<Vec<UserRecord>>)> {
    let range = prop_oneof![
        4 => (any::<u128>(), any::<u128>()).prop_map(|(a, b)| (a.min(b), a.max(b))),
        1 => Just((0, u128::MAX)),
        1 => any::<u128>().prop_map(|only| (only, only)),
    ];
    range.prop_flat_map(|(first, last)| {
        let edge = (prop_oneof![Just(first), Just(last)], 0..3_u128)
            .prop_map(|(edge, beyond)| Some(edge.wrapping_add(beyond).wrapping_sub(1)));
        let inside = (first..=last).prop_map(Some);
        let hash = prop_oneof![2 => Just(None), 3 => inside, 2 => edge, 1 => any::<u128>().prop_map(Some)];
        let user = ("[a-z]{1,3}", hash, "[a-z]{0,8}").prop_map(|(key, hash, data)| match hash {
            Some(hash) => user(hashed(&key, hash), &data),
            None => user(key, &data),
        });
        let records = prop::collection::vec(prop::collection::vec(user, 1..7), 1..7);
        (Just(HashKey::new(first)..=HashKey::new(last)), records)
    })
}

fn owns(range: &Range, user: &UserRecord) -> bool {
    range.contains(&hash_key(&user.key))
}

/// Where a user record was read, its key where it is of an aggregate, and its payload.
type Read = (SequenceNumber, Option<u64>, Option<Key>, Bytes);

/// Reads the records, and asserts that of their user records those and no others are delivered, unchanged.
fn delivers(
    policy: Deaggregation,
    range: &Range,
    records: &[Vec<UserRecord>],
    delivered: impl Fn(&[UserRecord], &UserRecord) -> bool,
) -> Result<(), TestCaseError> {
    let mut expected: Vec<Read> = Vec::new();
    for (sequence, users) in (1_u64..).zip(records) {
        for (place, user) in (0..).zip(users) {
            let sequence = sequence.to_string().into();
            if users.len() == 1 {
                expected.push((sequence, None, Some("outer".into()), user.data.clone()));
            } else if delivered(users, user) {
                expected.push((sequence, Some(place), Some(user.key.clone()), user.data.clone()));
            }
        }
    }
    let read = Reader::new(policy, Some(range.clone())).records(&bytes(records));
    let read: Vec<Read> =
        read.into_iter().map(|read| (read.sequence, read.sub_sequence, read.key, read.payload)).collect();
    prop_assert_eq!(read, expected);
    Ok(())
}

fn bytes(records: &[Vec<UserRecord>]) -> Vec<Bytes> {
    records.iter().map(|users| aggregate(users)).collect()
}

proptest! {
    #[test]
    fn keep_all_delivers_every_user_record_wherever_it_belongs((range, records) in case()) {
        delivers(Deaggregation::KeepAll, &range, &records, |_, _| true)?;
    }

    #[test]
    fn keep_in_range_delivers_the_user_records_that_the_shard_owns_and_no_other((range, records) in case()) {
        delivers(Deaggregation::KeepInRange, &range, &records, |_, user| owns(&range, user))?;
    }

    #[test]
    fn kcl_strict_delivers_an_aggregate_whole_if_the_shard_owns_all_of_it_and_else_none(
        (range, records) in case(),
    ) {
        let all = |users: &[UserRecord]| users.iter().all(|user| owns(&range, user));
        delivers(Deaggregation::KclStrict, &range, &records, |users, _| all(users))?;
    }

    #[test]
    fn every_user_record_is_delivered_or_counted((range, records) in case()) {
        let total = records.iter().map(Vec::len).sum::<usize>();
        let outside = records.iter().filter(|users| users.len() > 1).flatten();
        let outside = outside.filter(|user| !owns(&range, user)).count();
        for policy in POLICIES {
            let mut reader = Reader::new(policy, Some(range.clone()));
            let delivered = reader.records(&bytes(&records)).len();
            let [dropped, beside, damaged] = reader.counted();
            prop_assert_eq!(delivered as u64 + dropped + beside, total as u64);
            prop_assert_eq!(dropped, if policy == Deaggregation::KeepAll { 0 } else { outside as u64 });
            prop_assert!(policy == Deaggregation::KclStrict || beside == 0);
            prop_assert_eq!(damaged, 0);
        }
    }

    #[test]
    fn the_last_that_is_delivered_of_a_record_is_done_with_it_and_no_other((range, records) in case()) {
        for policy in POLICIES.into_iter().chain([Deaggregation::Whole]) {
            let read = Reader::new(policy, Some(range.clone())).records(&bytes(&records));
            for (place, record) in read.iter().enumerate() {
                let next = read.get(place + 1).map(|next| &next.sequence);
                prop_assert_eq!(record.completes, next != Some(&record.sequence));
            }
        }
    }

    #[test]
    fn an_aggregate_put_on_every_shard_is_delivered_once_by_keep_in_range(
        (range, records) in case(),
        order in any::<prop::sample::Index>(),
    ) {
        // The range and what lies on both its sides are the shards of a stream.
        let users = &records[order.index(records.len())];
        prop_assume!(users.len() > 1);
        let (first, last) = range.clone().into_inner();
        let below = first.get().checked_sub(1).map(|end| HashKey::MIN..=HashKey::new(end));
        let above = last.get().checked_add(1).map(|begin| HashKey::new(begin)..=HashKey::MAX);
        let shards = [below, Some(range), above].into_iter().flatten();
        let mut seen: Vec<u64> = shards
            .flat_map(|range| Reader::new(Deaggregation::KeepInRange, Some(range)).records(&[aggregate(users)]))
            .map(|record| record.sub_sequence.expect("it is of an aggregate"))
            .collect();
        seen.sort_unstable();
        prop_assert_eq!(seen, (0..users.len() as u64).collect::<Vec<_>>());
    }
}
