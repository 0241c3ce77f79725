//! The KCL's lease table, shared with workers of KCL 2 and 3.

use std::collections::{BTreeMap, HashMap};
use std::time::SystemTime;

use aws_sdk_dynamodb::types::AttributeValue;
use headwater::Position;
use headwater::checkpoint::{
    ApplicationStart, Checkpoint, CheckpointStore, Claim, FencingToken, LeaseRow, WorkerId,
};
use headwater_tests::StoreServer;

use crate::dynamodb::on_each_server;
use crate::dynamodb_shared::{OTHER, OURS, SHARD, Shared, THEIRS, after, number, text};

/// What the KCL has in a lease, and no attribute beside.
const ATTRIBUTES: [&str; 12] = [
    "leaseKey",
    "leaseOwner",
    "leaseCounter",
    "ownerSwitchesSinceCheckpoint",
    "checkpoint",
    "checkpointSubSequenceNumber",
    "parentShardId",
    "childShardIds",
    "startingHashKey",
    "endingHashKey",
    "throughputKBps",
    "checkpointOwner",
];

on_each_server! {
    what_others_keep_in_a_row_survives_every_verb
    what_is_no_lease_is_left_alone
    a_lease_that_a_kcl_took_is_lost
    a_lease_whose_owner_changed_at_the_same_counter_is_lost
    a_lease_of_ours_is_handed_to_the_worker_that_a_leader_of_kcl_3_chose
    a_lease_of_kcl_3_is_handed_over_once_its_owner_has_checkpointed
    a_lease_of_kcl_3_whose_owner_died_while_it_handed_over_expires
    a_kcl_3_that_does_not_answer_is_taken_from_in_the_end
    a_lease_of_kcl_2_is_taken_at_the_first_request
    no_lease_from_before_a_kcl_comes_to_life_again
    tokens_grow_over_the_claims_of_a_kcl_and_after_a_row_was_removed
    positions_of_a_kcl_are_read_and_written_as_it_does
    shards_without_a_lease_in_a_table_of_a_kcl_came_after_its_start
}

async fn what_others_keep_in_a_row_survives_every_verb(server: StoreServer) {
    let shared = Shared::with(server, None, false).await;
    let others = BTreeMap::from([
        ("parentShardId".to_owned(), AttributeValue::Ss(vec!["shardId-000000000009".into()])),
        ("childShardIds".to_owned(), AttributeValue::Ss(vec!["shardId-000000000011".into()])),
        ("startingHashKey".to_owned(), text("0")),
        ("endingHashKey".to_owned(), text("340282366920938463463374607431768211455")),
        ("throughputKBps".to_owned(), AttributeValue::N("12.5".into())),
        ("entityType".to_owned(), text("LEASE")),
        ("somebody's own".to_owned(), AttributeValue::Bool(true)),
    ]);
    let mut item: HashMap<_, _> = shared.item().await.into_iter().collect();
    item.extend(others.clone());
    item.insert("pendingCheckpoint".to_owned(), text("101"));
    item.insert("pendingCheckpointSubSequenceNumber".to_owned(), number(0));
    shared.put(item).await;
    let stays = async |verb: &str, counter: u64| {
        let item = shared.item().await;
        for (name, value) in &others {
            assert_eq!(item.get(name), Some(value), "{name} after {verb}");
        }
        let known = |name: &&String| {
            ATTRIBUTES.contains(&name.as_str()) || name.starts_with("pending") || others.contains_key(*name)
        };
        let foreign: Vec<_> = item.keys().filter(|name| !known(name)).collect();
        assert!(foreign.is_empty(), "{verb} brought {foreign:?}");
        assert_eq!(item["leaseCounter"], number(counter), "each write counts: {verb}");
        item
    };

    let lease = shared.hold(OURS).await;
    let item = stays("a claim", 8).await;
    assert_eq!((&item["leaseOwner"], &item["pendingCheckpoint"]), (&text(OURS), &text("101")));
    let lease = shared.store.renew(&lease).await.unwrap();
    stays("a renewal", 9).await;
    let lease = shared.commit(&lease, after("102", Some(4))).await;
    let item = stays("a commit", 10).await;
    assert_eq!((&item["checkpoint"], &item["checkpointSubSequenceNumber"]), (&text("102"), &number(4)));
    assert_eq!(item["ownerSwitchesSinceCheckpoint"], number(0));
    assert!(!item.contains_key("pendingCheckpoint"), "what was prepared is passed");
    assert!(shared.request("another of ours").await);
    stays("a request", 10).await;
    shared.store.release(&lease, Some(&WorkerId::new("another of ours"))).await.unwrap();
    stays("a release", 11).await;
    let lease = shared.claim("a third of ours", Some(11)).await.unwrap();
    let item = stays("a take-over", 12).await;
    assert_eq!(item["ownerSwitchesSinceCheckpoint"], number(1), "it changed hands");
    shared.store.release(&lease, None).await.unwrap();
    let item = stays("a release to anyone", 13).await;
    assert!(!item.contains_key("leaseOwner"), "free is without an owner");
    shared.reset_to_the_beginning().await;
    assert_eq!(stays("a reset", 14).await["checkpoint"], text("TRIM_HORIZON"));
}

async fn what_is_no_lease_is_left_alone(server: StoreServer) {
    let shared = Shared::with(server, None, false).await;
    let mut others = Vec::new();
    for (key, kind) in [
        ("Leader", None),
        ("Migration3.0", None),
        ("TableMigration3.5", Some("TABLE_MIGRATION")),
        ("worker-1", Some("WORKER_METRIC_STATS")),
        ("something of a later version", Some("ANYTHING")),
    ] {
        let mut item: HashMap<_, _> = shared.item().await.into_iter().collect();
        item.insert("leaseKey".to_owned(), text(key));
        item.extend(kind.map(|kind| ("entityType".to_owned(), text(kind))));
        shared.put(item.clone()).await;
        others.push(item);
    }
    assert_eq!(shared.row().await.shard.as_str(), SHARD);
    for item in others {
        let key = item["leaseKey"].as_s().unwrap().as_str();
        let claim = Claim { shard: key.into(), ..shared.claim_of(OURS, Some(7)) };
        shared.store.claim(&claim).await.expect_err("no shard has this name");
        let request = shared.client.get_item().table_name(&*shared.application.name);
        let stored = request.key("leaseKey", text(key)).consistent_read(true).send().await.unwrap().item;
        assert_eq!(stored, Some(item));
    }
}

async fn a_lease_that_a_kcl_took_is_lost(server: StoreServer) {
    let shared = Shared::with(server, None, false).await;
    let lease = shared.hold(OURS).await;
    let lease = shared.store.renew(&lease).await.unwrap();
    assert!(shared.kcl_takes(lease.version, THEIRS).await);
    shared.refuses(&lease).await;
    // Its owner renews, and a third of the KCL takes it.
    assert!(shared.kcl_renews(lease.version + 1).await);
    shared.refuses(&lease).await;
    assert!(shared.kcl_takes(lease.version + 2, OTHER).await);
    shared.refuses(&lease).await;
    let row = shared.row().await;
    assert_eq!((row.owner, row.version), (Some(WorkerId::new(OTHER)), lease.version + 3));
    assert_eq!(shared.claim(OURS, None).await, None, "it is held");
    assert_eq!(shared.claim(OURS, Some(row.version - 1)).await, None, "it was renewed since");
    let heir = shared.claim(OURS, Some(row.version)).await.expect("it expired");
    assert_eq!(heir.checkpoint.position, after("100", Some(3)));
}

async fn a_lease_whose_owner_changed_at_the_same_counter_is_lost(server: StoreServer) {
    let shared = Shared::with(server, None, false).await;
    let lease = shared.hold(OURS).await;
    assert!(shared.kcl("SET leaseOwner = :to", "attribute_exists(leaseKey)", &[(":to", text(THEIRS))]).await);
    shared.refuses(&lease).await;
    assert_eq!(shared.row().await.version, lease.version);
}

async fn a_lease_of_ours_is_handed_to_the_worker_that_a_leader_of_kcl_3_chose(server: StoreServer) {
    let shared = Shared::with(server, None, true).await;
    let lease = shared.hold(OURS).await;
    let lease = shared.commit(&lease, after("110", None)).await;
    let heir = Some(WorkerId::new(THEIRS));
    assert!(shared.leader_hands_over(OURS, THEIRS).await);

    let row = shared.row().await;
    assert_eq!((&row.owner, row.version), (&Some(WorkerId::new(OURS)), lease.version));
    assert_eq!(row.handoff.map(|handoff| handoff.to), heir);
    assert_eq!(shared.claim("another of ours", None).await, None);
    let lease = shared.store.renew(&lease).await.unwrap();
    assert_eq!(lease.handoff, heir, "a renewal tells of it");
    let lease = shared.commit(&lease, after("120", Some(2))).await;
    assert_eq!(lease.handoff, heir, "a commit is done, and tells of it");

    let before = shared.item().await;
    // The coordinator releases to nobody where the heir is no worker of ours.
    shared.store.release(&lease, None).await.unwrap();
    let mut left = before;
    assert_eq!(left.remove("checkpointOwner"), Some(text(OURS)));
    left.insert("leaseCounter".to_owned(), number(lease.version + 1));
    assert_eq!(shared.item().await, left, "nothing else changed");
    shared.refuses(&lease).await;
    let row = shared.row().await;
    assert_eq!((row.owner, row.handoff), (heir, None));
    assert_eq!(row.checkpoint.position, after("120", Some(2)));
}

async fn a_lease_of_kcl_3_is_handed_over_once_its_owner_has_checkpointed(server: StoreServer) {
    let shared = Shared::with(server, Some(THEIRS), true).await;
    assert!(shared.request(OURS).await);
    let item = shared.item().await;
    assert_eq!((&item["leaseOwner"], &item["checkpointOwner"]), (&text(OURS), &text(THEIRS)));
    assert_eq!(item["leaseCounter"], number(7), "the renewals of the owner go on");
    assert!(shared.request(OURS).await, "it stands");
    assert!(!shared.request("another of ours").await, "the first stands");
    let row = shared.row().await;
    assert_eq!(row.owner, Some(WorkerId::new(THEIRS)));
    assert_eq!(
        row.handoff.map(|handoff| (handoff.to, handoff.token)),
        Some((WorkerId::new(OURS), row.token))
    );

    assert_eq!(shared.claim(OURS, None).await, None, "its owner has not left");
    assert!(shared.kcl_renews(7).await);
    let values = [(":old", number(8)), (":new", number(9)), (":at", text("130")), (":sub", number(0))];
    let update = "SET leaseCounter = :new, checkpoint = :at, checkpointSubSequenceNumber = :sub";
    assert!(shared.kcl(update, "leaseCounter = :old", &values).await);
    assert_eq!(shared.claim(OURS, Some(8)).await, None, "its owner lives");
    assert!(shared.kcl_3_leaves(THEIRS).await);

    assert_eq!(shared.row().await.owner, Some(WorkerId::new(OURS)));
    assert_eq!(shared.claim("another of ours", None).await, None, "it was not given to that one");
    let lease = shared.hold(OURS).await;
    assert_eq!(lease.checkpoint.position, after("130", Some(0)));
    assert!(lease.token > FencingToken(10));
    shared.commit(&lease, after("131", None)).await;
}

async fn a_lease_of_kcl_3_whose_owner_died_while_it_handed_over_expires(server: StoreServer) {
    let shared = Shared::with(server, Some(THEIRS), true).await;
    assert!(shared.request(OURS).await);
    let lease = shared.claim("another of ours", Some(7)).await.expect("the counter is unchanged");
    let item = shared.item().await;
    assert_eq!(item["leaseOwner"], text("another of ours"));
    assert!(!item.contains_key("checkpointOwner"));
    assert_eq!(shared.claim(OURS, None).await, None, "it comes too late");
    assert!(!shared.kcl_3_leaves(THEIRS).await, "so does the KCL");
    shared.commit(&lease, after("131", None)).await;
}

async fn a_kcl_3_that_does_not_answer_is_taken_from_in_the_end(server: StoreServer) {
    let shared = Shared::with(server, Some(THEIRS), true).await;
    assert!(shared.request(OURS).await);
    for counter in 7..66 {
        assert!(shared.kcl_renews(counter).await);
    }
    assert!(shared.request(OURS).await);
    assert_eq!(shared.claim(OURS, None).await, None, "it may answer yet");
    assert!(shared.kcl_renews(66).await);
    assert_eq!(shared.row().await.handoff, None, "the request came to nothing");
    assert!(shared.request(OURS).await);
    assert!(!shared.kcl_renews(67).await, "it has lost the lease");
    shared.hold(OURS).await;
}

async fn a_lease_of_kcl_2_is_taken_at_the_first_request(server: StoreServer) {
    let shared = Shared::with(server, Some(THEIRS), false).await;
    let stale = shared.row().await;
    let void = LeaseRow { owner: Some(WorkerId::new(OTHER)), ..stale };
    assert!(!shared.store.request_handoff(&shared.application, &void, &WorkerId::new(OURS)).await.unwrap());
    assert!(shared.request(OURS).await);
    let item = shared.item().await;
    assert_eq!((&item["leaseOwner"], &item["leaseCounter"]), (&text(OURS), &number(8)));
    assert_eq!(item["ownerSwitchesSinceCheckpoint"], number(3));
    assert!(!item.contains_key("checkpointOwner"));
    assert!(!shared.kcl_renews(7).await, "the KCL finds out");
    assert!(shared.request("another of ours").await, "whoever has it is asked, not robbed");
    assert_eq!(shared.row().await.owner, Some(WorkerId::new(OURS)));
    let lease = shared.hold(OURS).await;
    assert_eq!(lease.checkpoint.position, after("100", Some(3)));
    shared.commit(&lease, after("101", None)).await;
}

async fn no_lease_from_before_a_kcl_comes_to_life_again(server: StoreServer) {
    for is_kcl_3 in [false, true] {
        let shared = Shared::with(server, None, is_kcl_3).await;
        let lost = shared.hold(OURS).await;
        assert!(shared.kcl_takes(lost.version, THEIRS).await);
        assert!(shared.request(OURS).await);
        shared.refuses(&lost).await;
        if is_kcl_3 {
            assert!(shared.kcl_3_leaves(THEIRS).await);
        }
        assert_eq!(shared.row().await.owner, Some(WorkerId::new(OURS)), "it is ours, and not yet claimed");
        shared.refuses(&lost).await;
        let lease = shared.hold(OURS).await;
        shared.refuses(&lost).await;
        shared.commit(&lease, after("200", None)).await;
    }
}

async fn tokens_grow_over_the_claims_of_a_kcl_and_after_a_row_was_removed(server: StoreServer) {
    let shared = Shared::with(server, None, false).await;
    let mut tokens = vec![shared.hold(OURS).await.token];
    for _ in 0..3 {
        let version = shared.row().await.version;
        assert!(shared.kcl_takes(version, THEIRS).await);
        tokens.push(shared.row().await.token);
        assert!(shared.kcl_renews(version + 1).await);
        tokens.push(shared.claim(OURS, Some(version + 2)).await.unwrap().token);
    }
    // A KCL removes the leases of shards that have expired.
    let request = shared.client.delete_item().table_name(&*shared.application.name);
    request.key("leaseKey", text(SHARD)).send().await.unwrap();
    tokens.push(shared.hold(OURS).await.token);
    // And it makes them anew where they are missing.
    let mut item: HashMap<_, _> = shared.item().await.into_iter().collect();
    item.remove("leaseOwner");
    item.insert("leaseCounter".to_owned(), number(0));
    shared.put(item).await;
    assert_eq!(shared.row().await.owner, None);
    tokens.push(shared.hold(OURS).await.token);
    assert!(tokens.is_sorted_by(|one, next| one < next), "{tokens:?}");
}

async fn positions_of_a_kcl_are_read_and_written_as_it_does(server: StoreServer) {
    let shared = Shared::with(server, None, false).await;
    for (checkpoint, sub_sequence, expected) in [
        ("TRIM_HORIZON", 0, Position::Beginning),
        ("LATEST", 0, Position::Latest),
        ("AT_TIMESTAMP", 0, Position::Beginning),
        (
            "49590338271490256608559692538361571095921575989136588898",
            0,
            after("49590338271490256608559692538361571095921575989136588898", Some(0)),
        ),
        (
            "49590338271490256608559692538361571095921575989136588898",
            17,
            after("49590338271490256608559692538361571095921575989136588898", Some(17)),
        ),
        ("SHARD_END", 0, Position::End),
    ] {
        let values = [(":at", text(checkpoint)), (":sub", number(sub_sequence))];
        let update = "SET checkpoint = :at, checkpointSubSequenceNumber = :sub";
        assert!(shared.kcl(update, "attribute_exists(leaseKey)", &values).await);
        let stored = shared.row().await.checkpoint;
        assert_eq!(stored, Checkpoint { position: expected, arrival: None });
    }
    assert_eq!(shared.claim(OURS, None).await, None, "nothing of it is left");

    shared.reset_to_the_beginning().await;
    let mut lease = shared.hold(OURS).await;
    for (position, checkpoint, sub_sequence) in [
        (after("7", Some(3)), "7", 3),
        // Greater than any sub-sequence number, so that a KCL drops all of the record.
        (after("7", None), "7", (1 << 53) - 1),
        (after("8", Some(0)), "8", 0),
        (Position::End, "SHARD_END", 0),
    ] {
        lease = shared.commit(&lease, position).await;
        let item = shared.item().await;
        let stored = (&item["checkpoint"], &item["checkpointSubSequenceNumber"]);
        assert_eq!(stored, (&text(checkpoint), &number(sub_sequence)));
    }
}

async fn shards_without_a_lease_in_a_table_of_a_kcl_came_after_its_start(server: StoreServer) {
    let proposed = ApplicationStart {
        at: SystemTime::UNIX_EPOCH,
        shards: vec![SHARD.into(), "shardId-000000000001".into()],
    };
    let shared = Shared::with(server, Some(THEIRS), false).await;
    let recorded = shared.store.start(&shared.application, proposed.clone()).await.unwrap();
    // A child that begins anywhere but at its beginning loses what its parent handed on to it.
    assert_eq!(recorded, ApplicationStart { shards: Vec::new(), ..proposed });
    let again = ApplicationStart { shards: vec![SHARD.into()], ..recorded.clone() };
    assert_eq!(shared.store.start(&shared.application, again).await.unwrap(), recorded);
}
