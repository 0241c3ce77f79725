//! A way to a server that can be cut.

use std::net::SocketAddr;

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

/// Passes connections on to a server, and breaks them when told. It ends on drop.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    cuts: watch::Sender<()>,
    passing: JoinHandle<()>,
}

impl Proxy {
    /// Listens on loopback and passes on to an address such as `127.0.0.1:4567`.
    ///
    /// # Panics
    ///
    /// When it cannot listen.
    pub async fn to(server: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port on loopback");
        let address = listener.local_addr().expect("it listens");
        let cuts = watch::Sender::new(());
        let passing = tokio::spawn(pass(listener, server, cuts.clone()));
        Self { address, cuts, passing }
    }

    /// Returns where it listens, as `127.0.0.1:41235`.
    pub fn authority(&self) -> String {
        self.address.to_string()
    }

    /// Breaks every connection that there is.
    pub fn cut(&self) {
        self.cuts.send_replace(());
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.passing.abort();
    }
}

async fn pass(listener: TcpListener, server: String, cuts: watch::Sender<()>) {
    let mut connections = JoinSet::new();
    while let Ok((mut near, _)) = listener.accept().await {
        let (server, mut cut) = (server.clone(), cuts.subscribe());
        connections.spawn(async move {
            // Where the server is gone, so is the connection.
            let Ok(mut far) = TcpStream::connect(server).await else { return };
            tokio::select! {
                _ = copy_bidirectional(&mut near, &mut far) => {}
                _ = cut.changed() => {
                    // Without lingering, as a network that is gone.
                    let _ = near.set_zero_linger();
                }
            }
        });
        while connections.try_join_next().is_some() {}
    }
}
