//! The address of a running server that keeps checkpoints.

use std::fs;
use std::path::PathBuf;
use std::thread;

use aws_config::SdkConfig;
use redis::{Client, Cmd, Connection, FromRedisValue, RedisResult, cmd};
use tempfile::TempDir;

use crate::dummy::dummy_config;
use crate::eventually::eventually;
use crate::process::Process;
use crate::store_server::{Ports, StoreServer};

/// How many hash slots a Redis cluster shares among its nodes.
const SLOTS: usize = 16_384;

/// A running server. It ends when this is dropped, and what it keeps goes with it.
#[derive(Debug)]
pub struct StoreEndpoint {
    server: StoreServer,
    /// Before the folder that they write in, so that they end before it goes.
    nodes: Vec<Node>,
    folder: TempDir,
}

#[derive(Debug)]
struct Node {
    ports: Ports,
    process: Option<Process>,
}

impl StoreEndpoint {
    pub(crate) fn start(server: StoreServer) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let nodes = (0..server.nodes()).map(|_| Node { ports: Ports::default(), process: None }).collect();
        let mut endpoint = Self { server, nodes, folder };
        endpoint.start_nodes();
        if server == StoreServer::RedisCluster {
            endpoint.share_slots();
        }
        endpoint.wait_until_it_answers();
        endpoint
    }

    /// Which server it is.
    pub fn server(&self) -> StoreServer {
        self.server
    }

    /// Where its first node listens: `redis://127.0.0.1:21234`, or `http://127.0.0.1:21234` for DynamoDB.
    pub fn url(&self) -> String {
        self.url_of(&self.nodes[0])
    }

    /// Where each of its nodes listens.
    pub fn urls(&self) -> Vec<String> {
        self.nodes.iter().map(|node| self.url_of(node)).collect()
    }

    fn url_of(&self, node: &Node) -> String {
        let scheme = match self.server {
            StoreServer::Redis | StoreServer::RedisCluster => "redis",
            StoreServer::DynamoDbLocal | StoreServer::Dynoxide => "http",
        };
        format!("{scheme}://127.0.0.1:{}", node.ports.port)
    }

    /// What a client of DynamoDB is made from: dummy credentials, no retries, a time limit on each call.
    ///
    /// Its HTTP client belongs to the runtime that first uses it, so each test takes its own.
    pub fn sdk_config(&self) -> SdkConfig {
        dummy_config(&self.url())
    }

    /// Kills it, all nodes of a cluster: whoever calls it is refused from now on. What it answered is kept.
    pub fn stop(&mut self) {
        for process in self.nodes.iter_mut().filter_map(|node| node.process.take()) {
            // Killed, it would lose what it answered last: it stores that a little later.
            if self.server == StoreServer::DynamoDbLocal {
                process.end();
            }
        }
    }

    /// Starts it again with what it kept, where it was, and blocks until it answers.
    ///
    /// # Panics
    ///
    /// When it does not start within three minutes.
    pub fn start_again(&mut self) {
        self.start_nodes();
        self.wait_until_it_answers();
    }

    fn start_nodes(&mut self) {
        let (server, folders) = (self.server, self.folders());
        // At once, because each takes its time to start.
        thread::scope(|scope| {
            for (node, folder) in self.nodes.iter_mut().zip(&folders) {
                scope.spawn(move || {
                    let (process, ports) = server.node(folder, node.ports);
                    *node = Node { ports, process: Some(process) };
                });
            }
        });
    }

    /// Where each node keeps what it keeps.
    fn folders(&self) -> Vec<PathBuf> {
        let folders: Vec<_> = (0..self.nodes.len()).map(|n| self.folder.path().join(n.to_string())).collect();
        for folder in &folders {
            fs::create_dir_all(folder).unwrap_or_else(|error| panic!("make {}: {error}", folder.display()));
        }
        folders
    }

    /// Shares the slots among the nodes. They meet once they answer.
    fn share_slots(&self) {
        let share = SLOTS.div_ceil(self.nodes.len());
        for (n, node) in self.nodes.iter().enumerate() {
            let (first, last) = (n * share, SLOTS.min((n + 1) * share) - 1);
            for command in [
                cmd("CLUSTER").arg("ADDSLOTSRANGE").arg(first).arg(last),
                cmd("CLUSTER").arg("SET-CONFIG-EPOCH").arg(n + 1),
            ] {
                let done = ask::<()>(node, command);
                done.unwrap_or_else(|error| self.fail(node, &format!("listens but fails: {error}")));
            }
        }
    }

    /// Tells whether a node sees all the others, and every slot with one of them. Introduces it to the first again where
    /// it knows too few: on a busy machine an introduction can come to nothing.
    fn is_in_its_cluster(&self, node: &Node) -> bool {
        let Ok(info) = ask::<String>(node, cmd("CLUSTER").arg("INFO")) else { return false };
        let known = info.lines().find_map(|line| line.strip_prefix("cluster_known_nodes:"));
        let known: usize = known.and_then(|known| known.parse().ok()).unwrap_or_default();
        let Ports { port, bus } = self.nodes[0].ports;
        if known < self.nodes.len() && node.ports.port != port {
            // The next look tells whether it came to something.
            let _ = ask::<()>(node, cmd("CLUSTER").arg("MEET").arg("127.0.0.1").arg(port).arg(bus));
        }
        known == self.nodes.len() && info.contains("cluster_state:ok")
    }

    /// Blocks until each node answers, on a thread of its own because the caller may be on a runtime.
    fn wait_until_it_answers(&self) {
        let answered = thread::scope(|scope| {
            let waiting = scope.spawn(|| {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
                runtime.block_on(eventually("every node answers", async || {
                    let mut answering = 0;
                    for node in &self.nodes {
                        answering += usize::from(self.answers(node).await);
                    }
                    (answering == self.nodes.len()).then_some(())
                }));
                Ok::<_, std::io::Error>(())
            });
            waiting.join()
        });
        if !matches!(answered, Ok(Ok(()))) {
            self.fail(&self.nodes[0], "listens but does not answer");
        }
    }

    async fn answers(&self, node: &Node) -> bool {
        match self.server {
            // Refused while it reads its file.
            StoreServer::Redis => ask::<()>(node, &cmd("PING")).is_ok(),
            StoreServer::RedisCluster => self.is_in_its_cluster(node),
            // The first call takes a Java runtime its time.
            StoreServer::DynamoDbLocal | StoreServer::Dynoxide => {
                aws_sdk_dynamodb::Client::new(&self.sdk_config()).list_tables().send().await.is_ok()
            }
        }
    }

    fn fail(&self, node: &Node, what: &str) -> ! {
        match &node.process {
            Some(process) => process.fail(what),
            None => panic!("{} was stopped", self.server),
        }
    }
}

fn connect(node: &Node) -> RedisResult<Connection> {
    Client::open(("127.0.0.1", node.ports.port))?.get_connection()
}

fn ask<T: FromRedisValue>(node: &Node, command: &Cmd) -> RedisResult<T> {
    command.query(&mut connect(node)?)
}

#[cfg(test)]
mod tests {
    use std::thread;

    use redis::cmd;

    use super::{ask, connect};
    use crate::store_server::StoreServer;

    fn keeps_what_it_was_given(server: StoreServer) {
        let mut endpoint = server.start();
        let (urls, key) = (endpoint.urls(), "key");
        for (n, node) in endpoint.nodes.iter().enumerate() {
            // One of the nodes has the slot of the key.
            let set = ask::<()>(node, cmd("SET").arg(key).arg(n));
            assert!(set.is_ok() || server == StoreServer::RedisCluster, "{set:?}");
        }
        let values = |endpoint: &super::StoreEndpoint| -> Vec<usize> {
            endpoint.nodes.iter().filter_map(|node| ask(node, cmd("GET").arg(key)).ok()).collect()
        };
        let before = values(&endpoint);
        assert_eq!(before.len(), 1, "{server}: {before:?}");

        endpoint.stop();
        connect(&endpoint.nodes[0]).map(drop).expect_err("it is stopped");
        endpoint.start_again();
        assert_eq!((endpoint.urls(), values(&endpoint)), (urls, before), "{server}");
    }

    #[test]
    fn a_redis_that_is_started_again_keeps_what_it_was_given() {
        keeps_what_it_was_given(StoreServer::Redis);
    }

    #[test]
    fn a_cluster_that_is_started_again_keeps_what_it_was_given() {
        keeps_what_it_was_given(StoreServer::RedisCluster);
    }

    #[test]
    fn a_server_that_is_dropped_ends() {
        for server in StoreServer::ALL {
            let ports: Vec<_> = server.start().nodes.iter().map(|node| node.ports.port).collect();
            for port in ports {
                std::net::TcpStream::connect(("127.0.0.1", port)).expect_err("nobody listens");
            }
        }
    }

    #[test]
    fn a_shared_server_is_started_once() {
        let url = || StoreServer::Redis.shared().url();
        let urls = thread::scope(|scope| [scope.spawn(url), scope.spawn(url)].map(|url| url.join().unwrap()));
        assert_eq!(urls[0], urls[1]);
    }
}
