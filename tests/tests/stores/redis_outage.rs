//! Servers that stop, forget their scripts, or fall silent.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use headwater::ErrorKind;
use headwater::checkpoint::{Application, CheckpointStore as _, LeaseWrite};
use headwater_redis::RedisCheckpoints;
use headwater_tests::{StoreServer, eventually};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::redis_subject::{after, application, hold, patient, row, send};

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
    let store = builder.open().await.unwrap();
    let application = application("outage");
    let lease = hold(&store, &application, 0).await;
    let lease = store.commit(&lease, &after(7).into()).await.unwrap();

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
    // A busy machine may take longer than the store waits.
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
    let store = RedisCheckpoints::open(name.url()).await.unwrap();
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
    let promoted = RedisCheckpoints::open(new.url()).await.unwrap();
    assert_eq!(row(&promoted, &application).await.checkpoint, after(7).into());
}

#[tokio::test]
async fn a_connection_that_fell_silent_is_replaced() {
    let server = StoreServer::Redis.shared();
    let name = Name::of(&server.url()).await;
    let builder = RedisCheckpoints::builder(name.url()).timeout(Duration::from_millis(200));
    let store = builder.open().await.unwrap();
    let application = Application::new("silence", application("silence").stream);
    let lease = hold(&store, &application, 0).await;

    name.silence();
    let error = store.renew(&lease).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout, "{error}");
    eventually("a new connection answers", async || store.renew(&lease).await.ok()).await;
}

/// A name of a server, which may come to mean another one.
struct Name {
    url: String,
    means: Arc<std::sync::Mutex<String>>,
    /// Whether connections that there are pass nothing on any more; new ones do.
    silenced: Arc<std::sync::Mutex<Arc<AtomicBool>>>,
    _passing: JoinSet<()>,
}

impl Name {
    async fn of(url: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let means = Arc::new(std::sync::Mutex::new(url.to_owned()));
        let silenced: Arc<std::sync::Mutex<Arc<AtomicBool>>> = Arc::default();
        let mut passing = JoinSet::new();
        let name = format!("redis://{}", listener.local_addr().unwrap());
        passing.spawn({
            let (means, silenced) = (means.clone(), silenced.clone());
            async move {
                let mut connections = JoinSet::new();
                while let Ok((near, _)) = listener.accept().await {
                    let server = means.lock().unwrap().trim_start_matches("redis://").to_owned();
                    let silenced = silenced.lock().unwrap().clone();
                    let far = TcpStream::connect(server).await.unwrap();
                    connections.spawn(pass(near, far, silenced));
                }
            }
        });
        Self { url: name, means, silenced, _passing: passing }
    }

    fn url(&self) -> &str {
        &self.url
    }

    fn now_means(&self, url: &str) {
        url.clone_into(&mut self.means.lock().unwrap());
    }

    fn silence(&self) {
        let before = std::mem::take(&mut *self.silenced.lock().unwrap());
        before.store(true, Ordering::SeqCst);
    }
}

async fn pass(near: TcpStream, far: TcpStream, silenced: Arc<AtomicBool>) {
    let ((mut from_near, mut to_near), (mut from_far, mut to_far)) = (near.into_split(), far.into_split());
    let answers = tokio::io::copy(&mut from_far, &mut to_near);
    let questions = async {
        let mut buffer = vec![0; 1 << 16];
        loop {
            let length = tokio::io::AsyncReadExt::read(&mut from_near, &mut buffer).await?;
            if length == 0 {
                return Ok::<_, std::io::Error>(());
            }
            if !silenced.load(Ordering::SeqCst) {
                tokio::io::AsyncWriteExt::write_all(&mut to_far, &buffer[..length]).await?;
            }
        }
    };
    let (answers, questions) = (async { answers.await.map(drop) }, questions);
    // Either end may go first.
    let _ended = futures::future::select(Box::pin(answers), Box::pin(questions)).await;
}
