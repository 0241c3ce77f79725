//! What a fleet asks of its store: how many verbs a minute and worker, whatever they carry.

mod counting;
mod steady;

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use headwater::checkpoint::MemoryCheckpoints;
use headwater::source::{ShardedSource, SourceConfig};
use tokio::task::JoinSet;
use tokio::time::sleep;

use self::counting::{Counting, Verb};
use self::steady::Steady;

const WORKERS: usize = 3;
const MINUTE: Duration = Duration::from_mins(1);

/// What each worker of a fleet asked for in a minute, once the shards were shared, with the default settings: leases of 10 s,
/// and commits every second.
async fn a_minute(shards: usize, busy: bool) -> Vec<Counting> {
    let store = MemoryCheckpoints::new();
    let stream = Arc::new(Steady::new(shards, busy));
    let (mut stores, mut workers) = (Vec::new(), JoinSet::new());
    for _ in 0..WORKERS {
        let counting = Counting::over(store.clone());
        let mut config = SourceConfig::default();
        config.checkpoints = Arc::new(counting.clone());
        stores.push(counting);
        let mut source = ShardedSource::connect(stream.clone(), config).await.unwrap();
        workers.spawn(async move {
            while let Some(message) = source.next().await {
                message.unwrap().ack();
            }
        });
    }
    sleep(MINUTE * 2).await;
    stores.iter().for_each(Counting::forget);
    sleep(MINUTE).await;
    // What is counted on is counted no more.
    workers.abort_all();
    stores
}

/// Prints what was asked for, and fails where it is more than the settings explain.
async fn count(shards: usize, busy: bool) {
    let stores = a_minute(shards, busy).await;
    let state = if busy { "each with a record a second" } else { "idle" };
    println!("{WORKERS} workers on {shards} shards, {state}; each worker a minute:");
    let mut leases = 0;
    for store in &stores {
        println!("  {store}");
        leases += store.of(Verb::Lease);
        let held = shards.div_ceil(WORKERS) as u64;
        // Between renewals is a third of the lease time, less a tick at most; between commits is a second.
        let writes = if busy { 61 } else { 26 };
        assert!(store.of(Verb::Lease) <= held * writes, "leases written");
        // One exchange writes them all, at each tick of the shorter interval.
        assert!(store.of(Verb::Write) <= 61, "exchanges that write");
        // Large applications are listed once in a third of the lease time, others every second, as all workers are.
        let lists = if shards > 250 { 19 } else { 61 };
        assert!(store.of(Verb::List) <= lists && store.of(Verb::Workers) <= 61, "listings");
        assert!(store.of(Verb::Announce) <= 25, "announcements");
        let rare = [Verb::Start, Verb::Claim, Verb::Release, Verb::Request, Verb::Retire, Verb::Other];
        let rare: u64 = rare.iter().map(|verb| store.of(*verb)).sum();
        assert_eq!(rare, 0, "nothing changes hands in a fleet that has settled");
    }
    // Somebody keeps each lease alive.
    assert!(leases >= shards as u64 * 6, "{leases} leases written");
}

#[tokio::test(start_paused = true)]
async fn a_fleet_asks_no_more_of_its_store_than_its_settings_say() {
    for shards in [1, 100, 2_000] {
        for busy in [false, true] {
            count(shards, busy).await;
        }
    }
}
