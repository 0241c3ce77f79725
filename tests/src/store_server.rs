//! The servers that checkpoints are kept in.

use std::fmt;
use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;

use crate::installation::{installed, source, virtual_python};
use crate::process::Process;
use crate::store_endpoint::StoreEndpoint;

/// A server that keeps checkpoints, which nobody here wrote.
///
/// All of them listen on loopback only, on ports that nobody else is given, and end with the test process. What they
/// keep survives [`stop`](StoreEndpoint::stop), and goes with the [`StoreEndpoint`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoreServer {
    /// Valkey 9, which speaks Redis, and writes each change into a file before it answers
    Redis,
    /// A cluster of three such, without replicas
    RedisCluster,
    /// DynamoDB Local 1.25.1, Amazon's own
    DynamoDbLocal,
    /// `dynoxide` 3.2.0, a DynamoDB that starts in milliseconds
    Dynoxide,
}

/// Stands for a node's port in its arguments, and for the port by which the nodes of a cluster speak to each other.
const PORT: u16 = 1;
const BUS: u16 = 2;

/// The ports of one node: none is 0 once it was started. A node without a bus keeps it 0.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Ports {
    pub(crate) port: u16,
    pub(crate) bus: u16,
}

impl StoreServer {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Redis, Self::RedisCluster, Self::DynamoDbLocal, Self::Dynoxide];

    /// The one that this test process shares, started by the first who asks. It blocks until the server answers.
    ///
    /// # Panics
    ///
    /// When it is not installed, or does not start within three minutes.
    pub fn shared(self) -> &'static StoreEndpoint {
        static REDIS: OnceLock<StoreEndpoint> = OnceLock::new();
        static REDIS_CLUSTER: OnceLock<StoreEndpoint> = OnceLock::new();
        static DYNAMODB_LOCAL: OnceLock<StoreEndpoint> = OnceLock::new();
        static DYNOXIDE: OnceLock<StoreEndpoint> = OnceLock::new();
        let endpoint = match self {
            Self::Redis => &REDIS,
            Self::RedisCluster => &REDIS_CLUSTER,
            Self::DynamoDbLocal => &DYNAMODB_LOCAL,
            Self::Dynoxide => &DYNOXIDE,
        };
        endpoint.get_or_init(|| self.start())
    }

    /// Starts one for the caller alone, to stop it. It ends on drop.
    ///
    /// # Panics
    ///
    /// When it is not installed, or does not start within three minutes.
    pub fn start(self) -> StoreEndpoint {
        StoreEndpoint::start(self)
    }

    /// How many processes make it up.
    pub(crate) fn nodes(self) -> usize {
        if self == Self::RedisCluster { 3 } else { 1 }
    }

    /// Starts one node, with what it keeps in a folder, on the ports that it had, or on free ones where they are 0.
    pub(crate) fn node(self, folder: &Path, ports: Ports) -> (Process, Ports) {
        if self == Self::RedisCluster {
            let command = self.command(folder, &[(PORT, ports.port), (BUS, ports.bus)]);
            let (process, [port, bus]) = Process::start(&self.to_string(), command, [PORT, BUS]);
            return (process, Ports { port, bus });
        }
        let command = self.command(folder, &[(PORT, ports.port)]);
        let (process, [port]) = Process::start(&self.to_string(), command, [PORT]);
        (process, Ports { port, bus: 0 })
    }

    fn command(self, folder: &Path, ports: &[(u16, u16)]) -> Command {
        let mut command = Command::new(virtual_python("stores"));
        let script = if self == Self::DynamoDbLocal { "serve_dynamodb_local.py" } else { "serve_program.py" };
        // No compiled files beside the sources.
        command.arg("-B").arg(source(&format!("servers/{script}"))).arg(folder);
        command.args(ports.iter().map(|(asked, wanted)| format!("{asked}={wanted}")));
        match self {
            Self::Redis => {
                command.args(VALKEY).arg(folder);
            }
            Self::RedisCluster => {
                command.args(VALKEY).arg(folder).args(CLUSTERED);
            }
            Self::DynamoDbLocal => {
                command.arg(installed("npm/node_modules/amplify-dynamodb-simulator/emulator"));
            }
            Self::Dynoxide => {
                let program = format!("dynoxide/bin/dynoxide{}", std::env::consts::EXE_SUFFIX);
                command.arg("--").arg(installed(&program)).args(["--port", "{1}", "--db-path"]);
                command.arg(folder.join("dynoxide.db"));
            }
        }
        command
    }
}

/// A change is in the system's hands before it is answered, which outlives the process, if not the machine.
#[rustfmt::skip]
const VALKEY: &[&str] = &[
    "--", "valkey-server", "--port", "{1}", "--bind", "127.0.0.1",
    "--save", "", "--appendonly", "yes", "--appendfsync", "no", "--dir",
];

const CLUSTERED: [&str; 6] =
    ["--cluster-enabled", "yes", "--cluster-port", "{2}", "--cluster-node-timeout", "5000"];

impl fmt::Display for StoreServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Redis => "Valkey",
            Self::RedisCluster => "a cluster of Valkey",
            Self::DynamoDbLocal => "DynamoDB Local",
            Self::Dynoxide => "dynoxide",
        })
    }
}
