//! A checkpoint store that a test can take away for a while.

use std::fmt;
use std::time::Duration;

use rusqlite::Connection;
use tempfile::TempDir;

use crate::store_endpoint::StoreEndpoint;
use crate::store_server::StoreServer;

/// How long a file may be locked by those at work, who take milliseconds, before it is taken for locked by one who is not.
const FREE_LIMIT: Duration = Duration::from_millis(300);

/// How long it is tried to lock a file.
const LOCK_LIMIT: Duration = Duration::from_secs(30);

/// A kind of checkpoint store that several processes can share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoreKind {
    /// A file
    Sqlite,
    /// A server
    Server(StoreServer),
}

/// A checkpoint store of one test, which goes with it.
#[derive(Debug)]
pub struct TestStore {
    kind: StoreKind,
    place: Place,
}

#[derive(Debug)]
enum Place {
    /// While a lock is held nobody else writes into the file.
    File {
        folder: TempDir,
        lock: Option<Connection>,
    },
    Server(StoreEndpoint),
}

impl TestStore {
    /// Makes one that is empty.
    ///
    /// # Panics
    ///
    /// When its server is not installed, or does not start within three minutes.
    pub fn new(kind: StoreKind) -> Self {
        let place = match kind {
            StoreKind::Sqlite => {
                Place::File { folder: tempfile::tempdir().expect("a temporary folder"), lock: None }
            }
            StoreKind::Server(server) => Place::Server(server.start()),
        };
        Self { kind, place }
    }

    /// Which kind it is.
    pub fn kind(&self) -> StoreKind {
        self.kind
    }

    /// The text by which [`open_store`](crate::open_store) opens it.
    pub fn spec(&self) -> String {
        match &self.place {
            Place::File { folder, .. } => format!("sqlite:{}", file(folder)),
            Place::Server(endpoint) => match endpoint.server() {
                StoreServer::Redis => endpoint.url(),
                StoreServer::RedisCluster => {
                    let nodes: Vec<_> =
                        endpoint.urls().iter().map(|url| url.replace("redis://", "")).collect();
                    format!("redis://{}", nodes.join(","))
                }
                StoreServer::DynamoDbLocal | StoreServer::Dynoxide => {
                    format!("dynamodb:{}", endpoint.url())
                }
            },
        }
    }

    /// Whether it can be written: a process that is frozen in the middle of a transaction keeps a file locked.
    ///
    /// # Panics
    ///
    /// When the file cannot be opened.
    pub fn is_free(&self) -> bool {
        match &self.place {
            Place::File { folder, .. } => {
                let connection = Connection::open(file(folder)).expect("the file is there");
                connection.busy_timeout(FREE_LIMIT).expect("a timeout is set");
                connection.execute_batch("BEGIN IMMEDIATE; ROLLBACK").is_ok()
            }
            Place::Server(_) => true,
        }
    }

    /// Takes it away: a server is killed, and a file is locked against writes.
    ///
    /// # Panics
    ///
    /// When the file cannot be locked.
    pub fn begin_outage(&mut self) {
        match &mut self.place {
            Place::File { folder, lock } => {
                let connection = Connection::open(file(folder)).expect("the file is there");
                connection.busy_timeout(LOCK_LIMIT).expect("a timeout is set");
                connection.execute_batch("BEGIN IMMEDIATE").expect("the workers leave it for a moment");
                *lock = Some(connection);
            }
            Place::Server(endpoint) => endpoint.stop(),
        }
    }

    /// Gives it back, with all that it held.
    ///
    /// # Panics
    ///
    /// When a server does not start within three minutes.
    pub fn end_outage(&mut self) {
        match &mut self.place {
            Place::File { lock, .. } => *lock = None,
            Place::Server(endpoint) => endpoint.start_again(),
        }
    }
}

fn file(folder: &TempDir) -> String {
    folder.path().join("checkpoints.sqlite").display().to_string()
}

impl fmt::Display for StoreKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite => f.write_str("SQLite"),
            Self::Server(server) => server.fmt(f),
        }
    }
}
