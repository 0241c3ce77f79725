//! A way to a Redis server that fails in the ways that networks do.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// A name of a server, which may come to mean another one.
pub(crate) struct Name {
    url: String,
    means: Arc<Mutex<String>>,
    /// Whether connections that there are pass nothing on any more; new ones do.
    silenced: Arc<Mutex<Arc<AtomicBool>>>,
    /// Whether the next answer is lost, and its connection with it.
    loses: Arc<AtomicBool>,
    _passing: JoinSet<()>,
}

impl Name {
    pub(crate) async fn of(url: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let means = Arc::new(Mutex::new(url.to_owned()));
        let silenced: Arc<Mutex<Arc<AtomicBool>>> = Arc::default();
        let loses: Arc<AtomicBool> = Arc::default();
        let mut passing = JoinSet::new();
        let name = format!("redis://{}", listener.local_addr().unwrap());
        passing.spawn({
            let (means, silenced, loses) = (means.clone(), silenced.clone(), loses.clone());
            async move {
                let mut connections = JoinSet::new();
                while let Ok((near, _)) = listener.accept().await {
                    let server = means.lock().unwrap().trim_start_matches("redis://").to_owned();
                    let silenced = silenced.lock().unwrap().clone();
                    let far = TcpStream::connect(server).await.unwrap();
                    connections.spawn(pass(near, far, silenced, loses.clone()));
                }
            }
        });
        Self { url: name, means, silenced, loses, _passing: passing }
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    pub(crate) fn now_means(&self, url: &str) {
        url.clone_into(&mut self.means.lock().unwrap());
    }

    pub(crate) fn silence(&self) {
        let before = std::mem::take(&mut *self.silenced.lock().unwrap());
        before.store(true, Ordering::SeqCst);
    }

    pub(crate) fn lose_the_next_answer(&self) {
        self.loses.store(true, Ordering::SeqCst);
    }

    pub(crate) fn has_lost_an_answer(&self) -> bool {
        !self.loses.load(Ordering::SeqCst)
    }
}

async fn pass(near: TcpStream, far: TcpStream, silenced: Arc<AtomicBool>, loses: Arc<AtomicBool>) {
    let ((from_near, to_near), (from_far, to_far)) = (near.into_split(), far.into_split());
    let questions = copy(from_near, to_far, || !silenced.load(Ordering::SeqCst), || false);
    let answers = copy(from_far, to_near, || true, || loses.swap(false, Ordering::SeqCst));
    // When one ends, both do, and the connections with them.
    let _ended = futures::future::select(Box::pin(questions), Box::pin(answers)).await;
}

async fn copy(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    passes: impl Fn() -> bool,
    ends: impl Fn() -> bool,
) -> std::io::Result<()> {
    let mut buffer = vec![0; 1 << 16];
    loop {
        let length = from.read(&mut buffer).await?;
        if length == 0 || ends() {
            return Ok(());
        }
        if passes() {
            to.write_all(&buffer[..length]).await?;
        }
    }
}
