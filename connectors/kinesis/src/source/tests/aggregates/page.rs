//! Pages, and the keys in them.

use aws_sdk_kinesis::types;
use bytes::Bytes;
use headwater::source::{Record, Shard};
use headwater::{HashKey, Key};

use super::{ALL, POLICIES, Reader, aggregate, hashed, record, user};
use crate::kpl::partition_hash_key;
use crate::source::Deaggregation;
use crate::source::page::Pages;
use crate::source::ranges::ShardRanges;
use crate::wire::Answer;

fn payloads(records: &[Record]) -> Vec<&[u8]> {
    records.iter().map(|record| &record.payload[..]).collect()
}

fn damaged() -> Bytes {
    let mut record = aggregate(&[user("a", "one"), user("b", "two")]).to_vec();
    *record.last_mut().unwrap() ^= 1;
    record.into()
}

#[test]
fn an_aggregate_with_a_wrong_digest_is_delivered_whole_and_counted() {
    for policy in POLICIES.into_iter().chain([Deaggregation::Whole]) {
        let mut reader = Reader::new(policy, Some(ALL));
        let records = reader.records(&[damaged(), damaged(), "plain".into()]);
        assert_eq!(payloads(&records), [&damaged()[..], &damaged(), b"plain"], "{policy:?}");
        assert!(records.iter().all(|record| record.key == Some("outer".into()) && record.completes));
        assert_eq!(reader.counted(), [0, 0, 2]);
    }
}

#[test]
fn a_page_of_which_everything_is_dropped_is_not_taken_for_the_tip() {
    let misplaced = aggregate(&[user(hashed("a", 7), "one"), user(hashed("b", 8), "two")]);
    let range = HashKey::new(9)..=HashKey::MAX;
    for policy in [Deaggregation::KeepInRange, Deaggregation::KclStrict] {
        let mut reader = Reader::new(policy, Some(range.clone()));
        let page = reader.page(std::slice::from_ref(&misplaced));
        assert!(page.records.is_empty() && page.millis_behind_latest > Some(0));
        assert_eq!(page.bytes, misplaced.len());
        assert_eq!(reader.page(&[]).millis_behind_latest, Some(0));
    }
}

#[test]
fn a_shard_of_unknown_range_keeps_every_user_record() {
    let users = [user(hashed("a", 0), "one"), user(hashed("b", u128::MAX), "two")];
    for policy in POLICIES {
        let mut reader = Reader::new(policy, None);
        assert_eq!(reader.records(&[aggregate(&users)]).len(), 2);
        assert_eq!(reader.counted(), [0; 3]);
    }
}

#[test]
fn the_children_that_a_page_names_are_known_by_their_ranges() {
    let keys = types::HashKeyRange::builder().starting_hash_key("5").ending_hash_key("9").build().unwrap();
    let child = types::ChildShard::builder().shard_id("child").parent_shards("shardId-7");
    let child = child.hash_key_range(keys).build().unwrap();
    let ranges = ShardRanges::default();
    let stream = || "orders".parse().unwrap();
    let policy = Deaggregation::KeepInRange;
    let last = Answer { children: vec![child.into()], ..Answer::default() };
    let end = Pages::new(stream(), "shardId-7".into(), policy, ranges.clone()).page(last, true);
    assert_eq!(end.end, Some(vec![Shard { id: "child".into(), parents: vec!["shardId-7".into()] }]));

    let users =
        [user(hashed("a", 4), "below"), user(hashed("a", 5), "first"), user(hashed("a", 10), "above")];
    let answer = Answer::of(vec![record(1, &aggregate(&users))]);
    let page = Pages::new(stream(), "child".into(), policy, ranges).page(answer, false);
    assert_eq!(payloads(&page.records), [b"first"]);
}

#[test]
fn an_aggregate_delivered_whole_goes_by_the_hash_key_of_its_first_user_record() {
    let mut reader = Reader::new(Deaggregation::Whole, Some(ALL));
    let explicit = aggregate(&[user(hashed("a", 7), "one"), user("b", "two")]);
    let implicit = aggregate(&[user("b", "two"), user(hashed("a", 7), "one")]);
    let records = reader.records(&[explicit.clone(), implicit.clone(), "plain".into()]);
    assert_eq!(payloads(&records), [&explicit[..], &implicit, b"plain"]);
    assert!(records.iter().all(|record| record.sub_sequence.is_none() && record.completes));
    assert_eq!(records[0].key, Some(hashed("outer", 7)));
    assert_eq!(records[1].key, Some(Key::from("outer").hashed(partition_hash_key("b"))));
    assert_eq!(records[2].key, Some("outer".into()));
}
