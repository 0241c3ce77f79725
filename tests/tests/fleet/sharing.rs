//! How a fleet shares the shards of a stream as workers join, leave and die.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, resume_unwind};
use std::time::Duration;

use futures::FutureExt;
use headwater_tests::{StoreKind, WorkerJob, eventually};
use tokio::time::Instant;

use crate::verdict::Verdict;
use crate::world::World;

const SHARDS: usize = 16;

/// A machine that is busy with other things takes longer than what is promised, yet not for ever.
const SLACK: u32 = 3;

/// How long a lease lives, and how long where the store was too slow for that.
const LEASE_TIME: Duration = Duration::from_secs(2);
const LONGEST_LEASE_TIME: Duration = Duration::from_secs(8);

/// Waits until every shard is read, by one worker each and as many by each as by any other or one more.
async fn balanced(world: &mut World) -> Duration {
    let (began, mut looks) = (Instant::now(), 0);
    eventually("the shards are shared evenly", async || {
        world.check_failures();
        if looks % 10 == 0 {
            world.put_everywhere();
        }
        looks += 1;
        let living = world.fleet.living();
        let mut reads: Vec<_> = living.iter().map(|worker| world.fleet.ledger().reads(worker)).collect();
        let (most, least) = (reads.iter().map(Vec::len).max()?, reads.iter().map(Vec::len).min()?);
        let mut all = reads.drain(..).flatten().collect::<Vec<_>>();
        all.sort_unstable();
        all.dedup();
        (all.len() == SHARDS && most - least <= 1).then_some(())
    })
    .await;
    began.elapsed()
}

/// Prints how long something took beside what is promised, and fails where it is out of all proportion.
fn judge(kind: StoreKind, what: &str, took: Duration, promised: Duration) {
    let ratio = took.as_secs_f64() / promised.as_secs_f64();
    println!("{kind}: {what} took {:.2} s, {ratio:.2} of what is promised", took.as_secs_f64());
    assert!(took < promised * SLACK, "{kind}: {what} took {took:?}, and {promised:?} is promised");
}

/// Puts until the shards that a worker read are read by others, each by its first message.
async fn taken_over(world: &mut World, from: &str) -> Duration {
    let lost: HashMap<String, u64> = world
        .fleet
        .ledger()
        .handed_out()
        .into_iter()
        .filter(|event| event.worker == from)
        .map(|event| (event.out.shard, event.out.token))
        .collect();
    assert!(!lost.is_empty(), "{from} read something");
    let (began, mut looks) = (Instant::now(), 0);
    eventually("others read the shards of one that died", async || {
        // Now and then, so that the store has time for other things than what the living store.
        if looks % 10 == 0 {
            world.put_everywhere();
        }
        looks += 1;
        let events = world.fleet.ledger().handed_out();
        let is_read = |(shard, token): (&String, &u64)| {
            events.iter().any(|event| event.out.shard == *shard && event.out.token > *token)
        };
        lost.iter().all(is_read).then_some(())
    })
    .await;
    began.elapsed()
}

/// What is promised is promised of a store that answers within a third of the lease time, as a renewal must: where it did
/// not, leases that live longer have to show it.
async fn share(kind: StoreKind) {
    let mut lease_time = LEASE_TIME;
    loop {
        let settings = |job: &mut WorkerJob| {
            job.lease_time = lease_time;
            job.commit_interval = Duration::from_millis(500);
            // Longer than from one record of a shard to the next, so that each has some out when it is handed over.
            job.hold = Duration::from_millis(300);
        };
        let mut world = World::new(kind, SHARDS, settings).await;
        let proved = AssertUnwindSafe(prove(kind, &mut world)).catch_unwind().await;
        let Err(failure) = proved else { return };
        let (silence, limit) = (world.stored.longest_silence(), lease_time / 3);
        if silence <= limit || lease_time == LONGEST_LEASE_TIME {
            resume_unwind(failure);
        }
        lease_time *= 2;
        println!(
            "{kind}: no answer for {silence:?}, where {limit:?} is the limit; again with {lease_time:?}"
        );
    }
}

async fn prove(kind: StoreKind, world: &mut World) {
    let lease_time = world.lease_time;

    let began = Instant::now();
    world.put(100);
    world.fleet.join();
    let first = async || (!world.fleet.ledger().handed_out().is_empty()).then_some(());
    eventually("a first record comes", first).await;
    judge(kind, "the first record", began.elapsed(), Duration::from_secs(2));
    balanced(world).await;

    for workers in [2, 3] {
        world.fleet.join();
        let took = balanced(world).await;
        judge(kind, &format!("sharing with worker {workers}"), took, lease_time * 3);
        world.put(200);
    }

    let leaver = world.fleet.living().remove(0);
    let began = Instant::now();
    world.fleet.leave(&leaver).await;
    balanced(world).await;
    judge(kind, "sharing what one left", began.elapsed(), lease_time * 3);
    world.put(200);
    world.all_is_stored().await;
    let verdict = Verdict::on(world);
    verdict.check(&format!("{kind}, in order"));
    assert_eq!(verdict.repeated(), [0; 0], "{kind}: nobody died, and something repeats");

    world.fleet.join();
    let took = balanced(world).await;
    judge(kind, "sharing with a new worker", took, lease_time * 3);
    world.put_everywhere();
    world.all_is_stored().await;

    let victim = world.fleet.living().remove(0);
    world.fleet.kill(&victim).await;
    let took = taken_over(world, &victim).await;
    judge(kind, "taking over from one that was killed", took, lease_time * 2);
    balanced(world).await;
    world.put(200);
    world.all_is_stored().await;
    for worker in world.fleet.living() {
        world.fleet.leave(&worker).await;
    }
    Verdict::on(world).check(&format!("{kind}, with a kill"));
}

on_every_store! { a_fleet_shares_evenly_repeats_nothing_in_order_and_takes_over_from_the_dead: share }
