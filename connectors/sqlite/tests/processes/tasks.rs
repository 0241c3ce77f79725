//! What the started processes do.

use futures::StreamExt as _;
use headwater::Position;
use headwater::checkpoint::{CheckpointStore, Claim, Lease, LeaseWrite, WorkerId};
use headwater_sqlite::SqliteCheckpoints;

use crate::worker::say;
use crate::{after, application, claim};

/// Tells a started process what to do, on which file, under which name; a test run by itself has none.
pub(crate) const TASK: &str = "HEADWATER_SQLITE_TASK";
pub(crate) const FILE: &str = "HEADWATER_SQLITE_FILE";
pub(crate) const NAME: &str = "HEADWATER_SQLITE_NAME";

/// How many shards are claimed by those who claim all.
pub(crate) const SHARDS: usize = 40;
/// How many leases are written at once.
pub(crate) const WRITES: usize = 200;
/// The claim that ends a hand-off to and fro.
pub(crate) const LAST_TOKEN: u64 = 12;

/// The body of a started process. Does nothing when it is run as a test.
#[tokio::test]
async fn worker_process() {
    let (Ok(task), Ok(file), Ok(name)) = (std::env::var(TASK), std::env::var(FILE), std::env::var(NAME))
    else {
        return;
    };
    let store = match SqliteCheckpoints::open(file).await {
        Ok(store) => store,
        Err(error) => return say(&format!("refused: {error}")),
    };
    let name = WorkerId::new(name);
    match task.as_str() {
        "commit for ever" => commit_for_ever(&store, &name).await,
        "write for ever" => write_for_ever(&store, &name).await,
        "claim all" => claim_all(&store, &name, None).await,
        // The version after a claim and a commit.
        "take all over" => claim_all(&store, &name, Some(2)).await,
        "hold one" => hold(&store, &name).await,
        "pass it on" => pass_it_on(&store, &name).await,
        "name yourself" => say(WorkerId::unique().as_str()),
        other => panic!("unknown task {other}"),
    }
}

async fn commit_for_ever(store: &SqliteCheckpoints, name: &WorkerId) {
    let mut lease = store.claim(&claim(name, 0)).await.unwrap().unwrap();
    for sequence in 1_u64.. {
        lease = store.commit(&lease, &after(sequence)).await.unwrap();
        say(&sequence.to_string());
    }
}

/// Commits one position for many shards at once, then the next.
async fn write_for_ever(store: &SqliteCheckpoints, name: &WorkerId) {
    let mut leases = Vec::new();
    for shard in 0..WRITES {
        leases.push(store.claim(&claim(name, shard)).await.unwrap().expect("the one before was killed"));
    }
    let begun = match &leases[0].checkpoint.position {
        Position::After { sequence, .. } => sequence.as_str().parse().unwrap(),
        _ => 0,
    };
    for sequence in begun + 1_u64.. {
        let checkpoint = Some(after(sequence));
        let writes: Vec<_> =
            leases.into_iter().map(|lease| LeaseWrite { lease, checkpoint: checkpoint.clone() }).collect();
        let answers = store.write(&writes).map(|(_, answer)| answer.unwrap());
        leases = answers.collect().await;
        say(&sequence.to_string());
    }
}

/// Holds what it got until it is told to end, because a worker that has ended holds nothing.
async fn claim_all(store: &SqliteCheckpoints, name: &WorkerId, expired: Option<u64>) {
    for shard in 0..SHARDS {
        let claim = Claim { expired, ..claim(name, shard) };
        let Some(lease) = store.claim(&claim).await.unwrap() else { continue };
        // Each round of claims commits a greater position than the last.
        let Lease { token, .. } = store.commit(&lease, &after(lease.token.0)).await.unwrap();
        say(&format!("{shard} {token}"));
    }
    say("done");
    wait_for_the_end();
}

/// Holds the first shard that it gets until it is told to end.
async fn hold(store: &SqliteCheckpoints, name: &WorkerId) {
    store.announce(&application(), name, 1).await.unwrap();
    for shard in 0.. {
        if let Some(lease) = store.claim(&claim(name, shard)).await.unwrap() {
            store.commit(&lease, &after(7)).await.unwrap();
            say("holding");
            return wait_for_the_end();
        }
    }
}

/// Asks for the shard, commits how often it was claimed, hands it over when it is asked for, and asks again.
async fn pass_it_on(store: &SqliteCheckpoints, name: &WorkerId) {
    loop {
        let Some(mut lease) = store.claim(&claim(name, 0)).await.unwrap() else {
            let row = store.list(&application()).await.unwrap().remove(0);
            if row.checkpoint.position == Position::End {
                return;
            }
            store.request_handoff(&application(), &row, name).await.unwrap();
            continue;
        };
        let token = lease.token.0;
        say(&format!("{token} {name} {}", lease.checkpoint.position));
        if token == LAST_TOKEN {
            let lease = store.commit(&lease, &Position::End.into()).await.unwrap();
            return store.release(&lease, None).await.unwrap();
        }
        lease = store.commit(&lease, &after(token)).await.unwrap();
        while lease.handoff.is_none() {
            lease = store.renew(&lease).await.unwrap();
        }
        store.release(&lease, lease.handoff.as_ref()).await.unwrap();
    }
}

fn wait_for_the_end() {
    std::io::read_to_string(std::io::stdin()).unwrap();
}
