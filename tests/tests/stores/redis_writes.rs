//! Many leases at once, and what the contract's suite leaves to each store.

use std::collections::HashMap;

use futures::StreamExt as _;
use headwater::checkpoint::{CheckpointStore as _, Claim, LeaseWrite, WorkerId};
use headwater::{ErrorKind, Position};
use headwater_tests::StoreServer;

use crate::redis_subject::{after, application, claim, hold, patient, patient_at, row, send, shard};

/// More than one exchange carries.
const MANY: usize = 2_100;

async fn writes_many(server: StoreServer) {
    let endpoint = server.start();
    let store = patient(&endpoint).await;
    let application = application("many");
    let leases: Vec<_> = futures::stream::iter(0..MANY)
        .map(|number| hold(&store, &application, number))
        .buffered(64)
        .collect()
        .await;
    // Every third is stolen, every fifth commits what is before its position, every seventh only renews.
    for lease in leases.iter().step_by(3) {
        let worker = WorkerId::new("thief");
        let theft = Claim { expired: Some(lease.version), worker, ..claim(&application, 0, "") };
        store
            .claim(&Claim { shard: lease.shard.clone(), ..theft })
            .await
            .unwrap()
            .expect("its version is unchanged");
    }
    for lease in leases.iter().step_by(5) {
        // What a thief has, the owner does not commit to.
        let _stolen = store.commit(lease, &after(1_000_000).into()).await;
    }
    let checkpoint = |number: usize| (!number.is_multiple_of(7)).then(|| after(number + 1).into());
    let writes: Vec<_> = leases
        .into_iter()
        .enumerate()
        .map(|(number, lease)| LeaseWrite { lease, checkpoint: checkpoint(number) })
        .collect();

    let answers: HashMap<_, _> = store.write(&writes).collect().await;
    assert_eq!(answers.len(), MANY, "each write is answered once");
    let expected = |number: usize| match number {
        stolen if stolen.is_multiple_of(3) => Err(ErrorKind::LeaseLost),
        renewed if renewed.is_multiple_of(7) => {
            Ok(if renewed.is_multiple_of(5) { after(1_000_000) } else { Position::Beginning })
        }
        backwards if backwards.is_multiple_of(5) => Err(ErrorKind::Conflict),
        committed => Ok(after(committed + 1)),
    };
    for (number, answer) in answers {
        let answer = answer.map(|lease| lease.checkpoint.position).map_err(|error| error.kind());
        assert_eq!(answer, expected(number), "{}", shard(number));
    }

    let rows = store.list(&application).await.unwrap();
    assert_eq!(rows.len(), MANY);
    assert!(rows.windows(2).all(|pair| pair[0].shard < pair[1].shard), "ordered by shard");
    for (number, row) in rows.into_iter().enumerate() {
        let stored = match expected(number) {
            Ok(position) => position,
            Err(ErrorKind::Conflict) => after(1_000_000),
            Err(_) => Position::Beginning,
        };
        assert_eq!(row.checkpoint.position, stored, "{}", row.shard);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_writes_each_is_answered_once_and_fails_alone() {
    writes_many(StoreServer::Redis).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_writes_to_a_cluster_each_is_answered_once_and_fails_alone() {
    writes_many(StoreServer::RedisCluster).await;
}

#[tokio::test]
async fn many_writes_are_one_exchange_and_so_is_a_list() {
    let endpoint = StoreServer::Redis.start();
    let store = patient(&endpoint).await;
    let application = application("exchanges");
    let leases: Vec<_> = futures::stream::iter(0..200)
        .map(|number| hold(&store, &application, number))
        .buffered(64)
        .collect()
        .await;
    let writes: Vec<_> =
        leases.into_iter().map(|lease| LeaseWrite { lease, checkpoint: Some(after(7).into()) }).collect();
    // The server counts how often it had something to read.
    let reads = async || -> u64 {
        let info: String = send(&endpoint.url(), redis::cmd("INFO").arg("stats")).await;
        let reads = info.lines().find_map(|line| line.strip_prefix("total_reads_processed:"));
        reads.expect("it counts reads").parse().expect("a number")
    };
    let before = reads().await;
    let answers: Vec<_> = store.write(&writes).collect().await;
    assert!(answers.iter().all(|(_, answer)| answer.is_ok()));
    assert_eq!(store.list(&application).await.unwrap().len(), 200);
    let after = reads().await;
    // 100 KiB come in parts, but 200 questions would be as many reads at least.
    assert!(after - before < 50, "{} reads", after - before);
}

#[tokio::test]
async fn writes_of_several_applications_reach_each_its_own() {
    for server in [StoreServer::Redis, StoreServer::RedisCluster] {
        let store = patient(server.shared()).await;
        let applications: Vec<_> = (0..20).map(|number| application(&format!("several-{number}"))).collect();
        let mut writes = Vec::new();
        for (number, application) in applications.iter().enumerate() {
            let lease = hold(&store, application, 0).await;
            writes.push(LeaseWrite { lease, checkpoint: Some(after(number + 1).into()) });
        }
        let answers: Vec<_> = store.write(&writes).collect().await;
        assert!(answers.iter().all(|(_, answer)| answer.is_ok()), "{answers:?}");
        for (number, application) in applications.iter().enumerate() {
            assert_eq!(row(&store, application).await.checkpoint, after(number + 1).into());
        }
    }
}

#[tokio::test]
async fn a_sequence_number_that_is_none_is_refused_and_the_rest_is_written() {
    let store = patient(StoreServer::Redis.shared()).await;
    let application = application("odd");
    let odd = Position::After { sequence: "7a".into(), sub_sequence: None };
    let mut writes = Vec::new();
    for number in 0..3 {
        let lease = hold(&store, &application, number).await;
        let position = if number == 1 { odd.clone() } else { after(7) };
        writes.push(LeaseWrite { lease, checkpoint: Some(position.into()) });
    }
    let mut answers: Vec<_> = store.write(&writes).collect().await;
    answers.sort_by_key(|(index, _)| *index);
    let kinds: Vec<_> =
        answers.into_iter().map(|(_, answer)| answer.err().map(|error| error.kind())).collect();
    assert_eq!(kinds, [None, Some(ErrorKind::Invalid), None]);
}

#[tokio::test]
async fn what_is_stored_never_expires() {
    let url = StoreServer::Redis.shared().url();
    let store = patient_at(&url).await;
    let application = application("forever");
    let lease = hold(&store, &application, 0).await;
    store.commit(&lease, &after(7).into()).await.unwrap();
    store.announce(&application, &WorkerId::new("worker"), 1).await.unwrap();
    for what in ["leases", "workers"] {
        let key = format!("headwater:{{forever:{}}}:{what}", application.stream);
        assert_eq!(send::<i64>(&url, redis::cmd("TTL").arg(key)).await, -1, "{what} have no expiry");
    }
}
