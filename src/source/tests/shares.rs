//! What one worker makes of a listing.

use std::collections::HashMap;
use std::time::Duration;

use tokio::time::sleep;

use super::{claim, shard};
use crate::ShardId;
use crate::checkpoint::{LeaseRow, WorkerId, WorkerRow};
use crate::source::leasing::fleet::{Fleet, Hold};

const LEASE_TIME: Duration = Duration::from_secs(10);

fn me() -> Fleet {
    Fleet::new(WorkerId::new("me"), usize::MAX, LEASE_TIME)
}

fn announced(names: &[&str], version: u64) -> Vec<WorkerRow> {
    let row = |name: &&str| WorkerRow { worker: WorkerId::new(*name), version, max_shards: u32::MAX };
    names.iter().map(row).collect()
}

fn held_by(owners: &[&str]) -> HashMap<ShardId, LeaseRow> {
    let rows =
        owners.iter().enumerate().map(|(n, owner)| (shard(n), LeaseRow::create(&claim(owner, shard(n))).0));
    rows.collect()
}

/// Shards of which this worker reads the first few.
fn shards(reading: usize, of: usize) -> Vec<(ShardId, Hold)> {
    (0..of).map(|n| (shard(n), if n < reading { Hold::Reading } else { Hold::None })).collect()
}

#[tokio::test(start_paused = true)]
async fn of_what_is_free_a_worker_takes_its_share_alone() {
    let mut me = me();
    me.meet(announced(&["me", "other"], 1));
    assert_eq!(me.plan(shards(0, 5), &HashMap::new()).claims.len(), 3);
}

#[tokio::test(start_paused = true)]
async fn what_nobody_took_for_a_lease_time_is_taken_beyond_the_share() {
    let mut me = me();
    me.meet(announced(&["other"], 1));
    assert!(me.plan(shards(1, 2), &HashMap::new()).claims.is_empty(), "it is the other's");
    sleep(LEASE_TIME).await;
    me.meet(announced(&["other"], 2));
    assert_eq!(me.plan(shards(1, 2), &HashMap::new()).claims.len(), 1, "nobody reads it");
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_let_its_leases_expire_counts_no_more_though_it_announced_itself() {
    let mut me = me();
    let rows = held_by(&["me", "dead", "dead", "dead"]);
    me.meet(announced(&["dead"], 1));
    assert!(me.plan(shards(1, 4), &rows).claims.is_empty(), "it may live");
    sleep(LEASE_TIME).await;
    me.meet(announced(&["dead"], 2));
    let claims = me.plan(shards(1, 4), &rows).claims;
    assert_eq!(claims.len(), 3, "there is nobody to share with");
    assert!(claims.iter().all(|(_, expired)| *expired == Some(1)));
}

#[tokio::test(start_paused = true)]
async fn those_that_have_two_more_are_asked_and_those_that_have_one_more_are_not() {
    let mut me = me();
    me.meet(announced(&["rich", "poor"], 1));
    let rows = held_by(&["rich", "rich", "rich", "poor", "me"]);
    let holds = |reading: usize| {
        (0..5)
            .map(|n| (shard(n), if n >= 5 - reading { Hold::Reading } else { Hold::None }))
            .collect::<Vec<_>>()
    };
    let asked = me.plan(holds(1), &rows).requests;
    assert_eq!(asked.len(), 1);
    assert_eq!(asked[0].owner, Some(WorkerId::new("rich")));

    // Once that is promised, all is even: what is to come counts as had.
    let mut rows = rows;
    let promised = rows.get_mut(&asked[0].shard).unwrap();
    assert!(promised.clone().request_handoff(&asked[0], &WorkerId::new("me")));
    promised.request_handoff(&asked[0], &WorkerId::new("me"));
    assert!(me.plan(holds(1), &rows).requests.is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_was_released_to_a_worker_is_claimed_whatever_its_share() {
    let mut me = me();
    me.meet(announced(&["other"], 1));
    let rows = held_by(&["other", "me", "me"]);
    let claims = me.plan(shards(0, 3), &rows).claims;
    assert_eq!(claims.len(), 2);
    assert!(
        claims
            .iter()
            .all(|(shard, expired)| rows[shard].owner == Some(WorkerId::new("me")) && expired.is_none())
    );
}
