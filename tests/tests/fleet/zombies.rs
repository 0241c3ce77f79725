//! Workers that were frozen for so long that others took their shards, and that wake up.

use std::collections::HashMap;
use std::time::Duration;

use headwater_tests::{StoreKind, WorkerJob, eventually};

use crate::verdict::{STALE, Verdict};
use crate::world::World;

/// How many messages a worker works at at a time: those of one page, and many more than it may hand out once it is woken.
const IN_HAND: usize = 4 * STALE;

/// Freezes one of two workers with messages in its hands, and with others read and not handed out, until the other has read
/// all its shards on, and wakes it.
async fn wake_a_zombie(kind: StoreKind) {
    let settings = |job: &mut WorkerJob| {
        job.hold = Duration::from_millis(200);
        job.in_hand = IN_HAND;
    };
    let mut world = World::new(kind, 6, settings).await;
    let (zombie, _heir) = (world.fleet.join(), world.fleet.join());
    let reads = |world: &World, worker: &str| world.fleet.ledger().reads(worker);
    eventually("both read", async || {
        let [zombie, heir] = ["worker-0", "worker-1"].map(|worker| reads(&world, worker).len());
        (zombie == 3 && heir == 3).then_some(())
    })
    .await;
    world.put(20 * IN_HAND);
    let in_hand = eventually("the zombie has all that it can in its hands", async || {
        let ledger = world.fleet.ledger();
        let done: Vec<_> = ledger.done().into_iter().map(|event| event.out.number).collect();
        let of_zombie = ledger.handed_out().into_iter().filter(|event| event.worker == zombie);
        let in_hand: Vec<_> = of_zombie.filter(|event| !done.contains(&event.out.number)).collect();
        (in_hand.len() == IN_HAND).then_some(in_hand)
    })
    .await;

    world.freeze(&zombie);
    let tokens: HashMap<String, u64> =
        in_hand.iter().map(|event| (event.out.shard.clone(), event.out.token)).collect();
    eventually("the heir reads on where the zombie was", async || {
        let done = world.fleet.ledger().done();
        let is_past = |(shard, token): (&String, &u64)| {
            done.iter().any(|event| event.out.shard == *shard && event.out.token > *token)
        };
        tokens.iter().all(is_past).then_some(())
    })
    .await;

    let woken = world.fleet.now();
    world.fleet.wake(&zombie);
    let acked = async || {
        let done = world.fleet.ledger().done();
        let late = done.iter().filter(|event| {
            event.worker == zombie
                && event.at > woken
                && tokens.get(&event.out.shard).is_some_and(|token| *token == event.out.token)
        });
        (late.count() > 0).then_some(())
    };
    eventually("the zombie acks what it has in its hands", acked).await;
    eventually("the zombie has its part again, by new claims", async || {
        let [zombie, heir] = ["worker-0", "worker-1"].map(|worker| reads(&world, worker).len());
        (zombie == 3 && heir == 3).then_some(())
    })
    .await;
    world.put_everywhere();
    world.all_is_stored().await;

    Verdict::on(&world).check(&kind.to_string());
}

on_every_store! { a_frozen_worker_that_wakes_stores_nothing_of_what_it_lost_and_hands_out_little_more: wake_a_zombie }
