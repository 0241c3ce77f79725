//! The connections of those who look at a pipeline: so many, and none for ever.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

/// The most connections at a time. Who comes beyond it waits in the queue of the system, for as long as
/// [`LIFE`] and [`PARTING`] at most.
const MOST: usize = 64;
/// How long a connection may be silent before a request, and a request may take to arrive.
const SILENCE: Duration = Duration::from_secs(10);
/// How long a connection is kept. Clients that want more of it connect anew.
const LIFE: Duration = Duration::from_mins(1);
/// How long the last answer may take to be read.
const PARTING: Duration = Duration::from_secs(10);
/// How long to wait after a connection could not be accepted.
const PAUSE: Duration = Duration::from_millis(100);

/// Answers by `routes` until it is dropped.
pub(super) async fn serve(listener: TcpListener, routes: Router) {
    let room = Arc::new(Semaphore::new(MOST));
    let mut connections = JoinSet::new();
    loop {
        // Nobody closes it.
        let Ok(place) = Arc::clone(&room).acquire_owned().await else { return };
        match listener.accept().await {
            Ok((stream, _)) => {
                connections.spawn(answer(stream, routes.clone(), place));
            }
            // Out of file descriptors, mostly. Connections that end give some back.
            Err(error) => {
                tracing::debug!(%error, "accept a connection");
                sleep(PAUSE).await;
            }
        }
        while connections.try_join_next().is_some() {}
    }
}

/// Answers what comes in one connection, and then lets go of its place.
async fn answer(stream: TcpStream, routes: Router, place: OwnedSemaphorePermit) {
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(SILENCE)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(routes));
    let mut connection = pin!(connection);
    let answered = if let Ok(answered) = timeout(LIFE, &mut connection).await {
        answered
    } else {
        connection.as_mut().graceful_shutdown();
        timeout(PARTING, connection).await.unwrap_or(Ok(()))
    };
    if let Err(error) = answered {
        tracing::debug!(%error, "serve a connection");
    }
    drop(place);
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::net::SocketAddr;

    use axum::Router;
    use axum::routing::get;
    use bytes::Bytes;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::{TcpListener, TcpStream};
    use tokio::time::Instant;

    use super::{LIFE, MOST, PARTING, SILENCE, serve};

    /// More than the system keeps for a reader that does not read.
    static LONG: [u8; 16 << 20] = [0; 16 << 20];

    async fn served() -> SocketAddr {
        let routes = Router::new()
            .route("/", get(async || "seen"))
            .route("/long", get(async || Bytes::from_static(&LONG)));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(serve(listener, routes));
        address
    }

    async fn asking(address: SocketAddr, path: &str) -> TcpStream {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(format!("GET {path} HTTP/1.1\r\nhost: here\r\n\r\n").as_bytes()).await.unwrap();
        stream
    }

    /// Whether the server has ended a connection of which nothing was read.
    fn is_ended(stream: &TcpStream) -> bool {
        !matches!(stream.try_read(&mut [0]), Err(error) if error.kind() == io::ErrorKind::WouldBlock)
    }

    #[tokio::test(start_paused = true)]
    async fn connections_beyond_the_most_wait_until_silent_ones_were_ended() {
        let (address, begun) = (served().await, Instant::now());
        let mut silent = Vec::new();
        for _ in 0..MOST {
            silent.push(TcpStream::connect(address).await.unwrap());
        }
        let mut answer = [0; 15];
        asking(address, "/").await.read_exact(&mut answer).await.unwrap();
        assert_eq!(&answer, b"HTTP/1.1 200 OK");
        assert!(silent.iter().any(is_ended), "nobody was let in before a silent one was ended");
        assert!(begun.elapsed() < SILENCE * 2, "{:?}", begun.elapsed());
    }

    #[tokio::test(start_paused = true)]
    async fn who_does_not_read_an_answer_is_given_up() {
        let (address, begun) = (served().await, Instant::now());
        let mut slow = Vec::new();
        for _ in 0..MOST {
            slow.push(asking(address, "/long").await);
        }
        let mut answer = [0; 15];
        asking(address, "/").await.read_exact(&mut answer).await.unwrap();
        assert_eq!(&answer, b"HTTP/1.1 200 OK");
        assert!(begun.elapsed() >= LIFE, "somebody was given up after {:?}", begun.elapsed());
        assert!(begun.elapsed() < (LIFE + PARTING) * 2, "{:?}", begun.elapsed());
    }
}
