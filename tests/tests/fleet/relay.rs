//! A relay that two processes share, either of which may be killed at any time.

use std::collections::HashSet;

use fastrand::Rng;
use headwater_local::LocalKinesis;
use headwater_tests::{StoreKind, eventually, seeds, sized};

use crate::world::World;

const SHARDS: usize = 4;

/// The numbers that the other stream holds.
fn relayed(local: &LocalKinesis) -> Vec<usize> {
    let number = |data: &[u8]| std::str::from_utf8(data).expect("a number").parse().expect("a number");
    let records = local.records("invoices").expect("the stream exists");
    records.iter().map(|record| number(&record.data)).collect()
}

async fn relay(seed: u64) {
    let mut rng = Rng::with_seed(seed);
    let mut world = World::new(StoreKind::Sqlite, SHARDS, |job| job.sink = Some("invoices".to_owned())).await;
    world.server.local().create_stream("invoices", 3).unwrap();
    let local = world.server.local().clone();
    world.put(rng.usize(1..300));
    world.fleet.join();
    world.fleet.join();
    for _ in 0..sized(6, 3) {
        let (before, more) = (relayed(&local).len(), rng.usize(0..400));
        eventually("some are relayed", async || {
            world.check_failures();
            world.put(20);
            (relayed(&local).len() >= before + more).then_some(())
        })
        .await;
        let victim = rng.choice(world.fleet.living()).expect("two work");
        world.fleet.kill(&victim).await;
        world.put(rng.usize(0..200));
        world.fleet.join();
    }
    world.all_is_stored().await;
    for worker in world.fleet.living() {
        world.fleet.leave(&worker).await;
    }

    let relayed = relayed(&local);
    let arrived: HashSet<usize> = relayed.iter().copied().collect();
    let lost: Vec<_> = (0..world.entries.len()).filter(|number| !arrived.contains(number)).collect();
    assert!(lost.is_empty(), "seed {seed}: lost: {lost:?}");
    let faults = world.stored.faults();
    assert!(faults.is_empty(), "seed {seed}: {faults:?}");
    println!("seed {seed}: {} numbers, {} twice", arrived.len(), relayed.len() - arrived.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn soak_a_relay_of_two_processes_either_of_which_is_killed_at_any_time_loses_nothing() {
    for seed in seeds(3) {
        relay(seed).await;
    }
}
