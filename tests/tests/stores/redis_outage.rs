//! Servers that stop, forget their scripts, or fall silent.

use std::time::Duration;

use headwater::ErrorKind;
use headwater::checkpoint::{CheckpointStore as _, LeaseWrite};
use headwater_redis::RedisCheckpoints;
use headwater_tests::{StoreServer, eventually};

use crate::redis_name::Name;
use crate::redis_subject::{after, application, hold, patient, patient_at, row, send, shard};

/// Runs on a thread that may block, because servers are stopped and started there.
async fn goes_on_after_a_restart(server: StoreServer) {
    let mut endpoint = server.start();
    let store = patient(&endpoint).await;
    let application = application("restart");
    let lease = hold(&store, &application, 0).await;
    let lease = store.commit(&lease, &after(7).into()).await.unwrap();

    endpoint.stop();
    let commit = tokio::spawn({
        let (store, lease) = (store.clone(), lease.clone());
        async move { store.commit(&lease, &after(8).into()).await }
    });
    endpoint.start_again();
    let renewed = commit.await.unwrap().expect("a commit waits for the server");
    assert_eq!((renewed.token, &renewed.checkpoint), (lease.token, &after(8).into()));
    assert_eq!(row(&store, &application).await.checkpoint, after(8).into());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_waits_out_a_restart_and_no_checkpoint_is_lost() {
    goes_on_after_a_restart(StoreServer::Redis).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_waits_out_a_restart_of_a_cluster_and_no_checkpoint_is_lost() {
    goes_on_after_a_restart(StoreServer::RedisCluster).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_stays_away_is_unavailable_until_it_is_back() {
    let mut endpoint = StoreServer::Redis.start();
    let builder = RedisCheckpoints::builder(endpoint.url()).timeout(Duration::from_millis(200));
    // A busy machine may take longer than the store waits.
    let store = eventually("the store is open", async || builder.clone().open().await.ok()).await;
    let application = application("outage");
    let patient = patient(&endpoint).await;
    let lease = hold(&patient, &application, 0).await;
    let lease = patient.commit(&lease, &after(7).into()).await.unwrap();

    endpoint.stop();
    for _ in 0..3 {
        let error = store.renew(&lease).await.unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Unavailable | ErrorKind::Timeout), "{error}");
        assert!(error.to_string().contains(&endpoint.url()), "{error}");
    }
    let writes = [LeaseWrite { lease: lease.clone(), checkpoint: Some(after(8).into()) }];
    let (_, error) = futures::StreamExt::next(&mut store.write(&writes)).await.unwrap();
    assert!(error.unwrap_err().is_retryable());

    endpoint.start_again();
    let renewed = eventually("the server is back", async || store.renew(&lease).await.ok()).await;
    assert_eq!(renewed.checkpoint, after(7).into());
}

async fn brings_its_scripts_again(server: StoreServer) {
    let endpoint = server.start();
    let store = patient(&endpoint).await;
    let application = application("scripts");
    let mut lease = hold(&store, &application, 0).await;
    for sequence in 1..4 {
        for url in endpoint.urls() {
            send::<()>(&url, redis::cmd("SCRIPT").arg("FLUSH")).await;
        }
        lease = if sequence == 2 {
            let checkpoint = Some(after(sequence).into());
            let writes = [LeaseWrite { lease, checkpoint }];
            futures::StreamExt::next(&mut store.write(&writes)).await.unwrap().1.unwrap()
        } else {
            store.commit(&lease, &after(sequence).into()).await.unwrap()
        };
        assert_eq!(lease.checkpoint, after(sequence).into());
    }
}

#[tokio::test]
async fn a_server_that_forgot_its_scripts_is_told_them_again() {
    brings_its_scripts_again(StoreServer::Redis).await;
}

#[tokio::test]
async fn a_cluster_that_forgot_its_scripts_is_told_them_again() {
    brings_its_scripts_again(StoreServer::RedisCluster).await;
}

#[tokio::test]
async fn a_server_that_became_a_replica_is_left_for_the_one_that_has_its_name_now() {
    let (old, new) = (StoreServer::Redis.start(), StoreServer::Redis.start());
    let name = Name::of(&old.url()).await;
    let store = patient_at(name.url()).await;
    let application = application("fail-over");
    let lease = hold(&store, &application, 0).await;

    let host_and_port = |url: &str| url.trim_start_matches("redis://").replace(':', " ");
    let port = |url: &str| host_and_port(url).split(' ').nth(1).unwrap().to_owned();
    let mut follow = redis::cmd("REPLICAOF");
    send::<()>(&new.url(), follow.arg("127.0.0.1").arg(port(&old.url()))).await;
    eventually("the replica has all", async || {
        let info: String = send(&new.url(), redis::cmd("INFO").arg("replication")).await;
        info.contains("master_link_status:up").then_some(())
    })
    .await;
    send::<()>(&new.url(), redis::cmd("REPLICAOF").arg("NO").arg("ONE")).await;
    let mut follow = redis::cmd("REPLICAOF");
    send::<()>(&old.url(), follow.arg("127.0.0.1").arg(port(&new.url()))).await;
    name.now_means(&new.url());

    let lease = store.commit(&lease, &after(7).into()).await.unwrap();
    assert_eq!(lease.checkpoint, after(7).into());
    let promoted = patient_at(&new.url()).await;
    assert_eq!(row(&promoted, &application).await.checkpoint, after(7).into());
}

#[tokio::test]
async fn a_connection_that_fell_silent_is_replaced() {
    let server = StoreServer::Redis.shared();
    let name = Name::of(&server.url()).await;
    let builder = RedisCheckpoints::builder(name.url()).timeout(Duration::from_millis(200));
    // A busy machine may take longer than the store waits.
    let store = eventually("the store is open", async || builder.clone().open().await.ok()).await;
    let application = application("silence");
    let lease = hold(&patient(server).await, &application, 0).await;

    name.silence();
    let error = store.renew(&lease).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout, "{error}");
    eventually("a new connection answers", async || store.renew(&lease).await.ok()).await;
}

#[tokio::test]
async fn a_silent_connection_is_replaced_however_little_its_callers_wait() {
    let name = Name::of(&StoreServer::Redis.shared().url()).await;
    let store = patient_at(name.url()).await;
    let application = application("impatience");
    let lease = hold(&store, &application, 0).await;

    name.silence();
    let renew = async || tokio::time::timeout(Duration::from_millis(300), store.renew(&lease)).await.ok();
    assert!(renew().await.is_none(), "nobody answers");
    let renewed = eventually("a new connection answers", renew).await;
    assert_eq!(renewed.unwrap().token, lease.token);
}

#[tokio::test]
async fn a_verb_whose_answer_was_lost_is_done_again_and_nothing_more_comes_of_it() {
    let name = Name::of(&StoreServer::Redis.shared().url()).await;
    let store = patient_at(name.url()).await;
    let application = application("lost");

    name.lose_the_next_answer();
    let lease = hold(&store, &application, 0).await;
    assert!(name.has_lost_an_answer());
    name.lose_the_next_answer();
    let lease = store.commit(&lease, &after(7).into()).await.unwrap();
    assert!(name.has_lost_an_answer());
    name.lose_the_next_answer();
    let lease = store.renew(&lease).await.unwrap();
    assert!(name.has_lost_an_answer());
    let listed = row(&store, &application).await;
    assert_eq!((listed.token, &listed.checkpoint), (lease.token, &after(7).into()));

    name.lose_the_next_answer();
    let reset = store.reset(&application, &listed.shard, Some(&listed), &after(3).into()).await.unwrap();
    assert!(reset && name.has_lost_an_answer(), "it was done, once");
    let free = row(&store, &application).await;
    assert_eq!((free.version, &free.checkpoint), (listed.version + 1, &after(3).into()));
    name.lose_the_next_answer();
    let none = store.reset(&application, &shard(1), None, &after(3).into()).await.unwrap();
    assert!(none && name.has_lost_an_answer(), "it was done, once");
}

#[tokio::test]
async fn leases_move_with_their_slot_to_another_node_of_a_cluster() {
    let cluster = StoreServer::RedisCluster.start();
    let store = patient(&cluster).await;
    let application = application("moved");
    let lease = hold(&store, &application, 0).await;
    let key = format!("headwater:{{moved:{}}}:leases", application.stream);
    let slot: u16 = send(&cluster.url(), redis::cmd("CLUSTER").arg("KEYSLOT").arg(&key)).await;

    let urls = cluster.urls();
    let mut ids = Vec::new();
    let mut from = None;
    for (number, url) in urls.iter().enumerate() {
        ids.push(send::<String>(url, redis::cmd("CLUSTER").arg("MYID")).await);
        let keys: u64 = send(url, redis::cmd("CLUSTER").arg("COUNTKEYSINSLOT").arg(slot)).await;
        from = from.or((keys > 0).then_some(number));
    }
    let from = from.expect("one node has the key");
    let to = (from + 1) % urls.len();
    let set_slot = |what: &str, node: usize| {
        redis::cmd("CLUSTER").arg("SETSLOT").arg(slot).arg(what).arg(&ids[node]).to_owned()
    };
    send::<()>(&urls[to], &set_slot("IMPORTING", from)).await;
    send::<()>(&urls[from], &set_slot("MIGRATING", to)).await;
    let port = urls[to].rsplit(':').next().unwrap();
    let migrate = redis::cmd("MIGRATE").arg("127.0.0.1").arg(port).arg(&key).arg(0).arg(5_000).to_owned();
    send::<()>(&urls[from], &migrate).await;

    // Half-way, the old node sends on each question of its own.
    let lease = store.commit(&lease, &after(7).into()).await.unwrap();
    let writes = [LeaseWrite { lease: lease.clone(), checkpoint: Some(after(8).into()) }];
    let (_, lease) = futures::StreamExt::next(&mut store.write(&writes)).await.unwrap();
    let lease = lease.unwrap();
    assert_eq!(row(&store, &application).await.checkpoint, after(8).into());

    for url in [to, from] {
        send::<()>(&urls[url], &set_slot("NODE", to)).await;
    }
    let writes = [LeaseWrite { lease, checkpoint: Some(after(9).into()) }];
    let (_, lease) = futures::StreamExt::next(&mut store.write(&writes)).await.unwrap();
    store.renew(&lease.unwrap()).await.unwrap();
    assert_eq!(row(&store, &application).await.checkpoint, after(9).into());
}
