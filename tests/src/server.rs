//! The Kinesis servers that there are.

use std::fmt;
use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;
use std::time::Duration;

use crate::certificate::Certificate;
use crate::endpoint::{Endpoint, Running, Secure};
use crate::hosted::Hosted;
use crate::installation::{installed, source, virtual_python};
use crate::process::Process;

/// A server that speaks Kinesis.
///
/// Ours is one of them; the others nobody here wrote, so that ours cannot drift into agreeing only with itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Server {
    /// Our own, `headwater-local`, over TCP
    Local,
    /// `kinesalite` 3.3.3
    Kinesalite,
    /// `kinesis-local` 0.6.2, which is kinesis-mock: the only one that speaks TLS, and HTTP/2 over it
    KinesisLocal,
    /// `ministack` 1.5.33: for enhanced fan-out alone, because its reshards lose records
    Ministack,
}

/// The ports that the servers are asked to take. They take others, see `preload.js` and `serve_ministack.py`.
const PLAIN_PORT: u16 = 4568;
const TLS_PORT: u16 = 4567;

/// How long a stream stays in each passing state: long enough to be seen there, short enough to wait for.
const STATE: Duration = Duration::from_millis(100);

/// More shards than all tests together make, because the streams of a failed test stay.
const SHARD_LIMIT: &str = "100000";

impl Server {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Local, Self::Kinesalite, Self::KinesisLocal, Self::Ministack];

    /// Those that have enhanced fan-out.
    pub const WITH_FAN_OUT: [Self; 3] = [Self::Local, Self::KinesisLocal, Self::Ministack];

    /// The one that this test process shares, started by the first who asks. It blocks until the server answers.
    ///
    /// # Panics
    ///
    /// When it is not installed, or does not start within three minutes.
    pub fn shared(self) -> &'static Endpoint {
        static LOCAL: OnceLock<Endpoint> = OnceLock::new();
        static KINESALITE: OnceLock<Endpoint> = OnceLock::new();
        static KINESIS_LOCAL: OnceLock<Endpoint> = OnceLock::new();
        static MINISTACK: OnceLock<Endpoint> = OnceLock::new();
        let endpoint = match self {
            Self::Local => &LOCAL,
            Self::Kinesalite => &KINESALITE,
            Self::KinesisLocal => &KINESIS_LOCAL,
            Self::Ministack => &MINISTACK,
        };
        endpoint.get_or_init(|| self.start())
    }

    /// Starts one for the caller alone: to stop it, or because the test upsets it. It ends on drop.
    ///
    /// # Panics
    ///
    /// When it is not installed, or does not start within three minutes.
    pub fn start(self) -> Endpoint {
        let endpoint = match self {
            Self::Local => {
                let (hosted, url) = Hosted::start(STATE);
                Endpoint::new(self, url, Running::Hosted(hosted))
            }
            Self::Kinesalite => self.process(kinesalite()),
            Self::KinesisLocal => self.process_with_tls(),
            Self::Ministack => self.process(ministack()),
        };
        endpoint.wait_until_it_answers();
        endpoint
    }

    fn process(self, command: Command) -> Endpoint {
        let (process, [port]) = Process::start(&self.to_string(), command, [PLAIN_PORT]);
        Endpoint::new(self, format!("http://127.0.0.1:{port}"), Running::Process(process))
    }

    fn process_with_tls(self) -> Endpoint {
        let certificate = Certificate::make();
        let command = kinesis_local(certificate.file());
        let (process, [plain, tls]) = Process::start(&self.to_string(), command, [PLAIN_PORT, TLS_PORT]);
        let endpoint = Endpoint::new(self, format!("http://127.0.0.1:{plain}"), Running::Process(process));
        endpoint
            .secured(Secure { url: format!("https://127.0.0.1:{tls}"), authority: certificate.authority() })
    }
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Local => "headwater-local",
            Self::Kinesalite => "kinesalite",
            Self::KinesisLocal => "kinesis-local",
            Self::Ministack => "ministack",
        })
    }
}

fn node(main: &str) -> Command {
    let mut command = Command::new("node");
    command.arg("-r").arg(source("servers/preload.js")).arg(installed(&format!("npm/node_modules/{main}")));
    command
}

fn kinesalite() -> Command {
    let mut command = node("kinesalite/cli.js");
    command.args(["--port", &PLAIN_PORT.to_string(), "--shardLimit", SHARD_LIMIT]);
    for state in ["--createStreamMs", "--updateStreamMs", "--deleteStreamMs"] {
        command.args([state, &STATE.as_millis().to_string()]);
    }
    command
}

fn kinesis_local(certificate: &Path) -> Command {
    let mut command = node("kinesis-local/main.js");
    command
        .env("KINESIS_MOCK_CERT_PATH", certificate)
        .env("KINESIS_MOCK_PLAIN_PORT", PLAIN_PORT.to_string())
        .env("KINESIS_MOCK_TLS_PORT", TLS_PORT.to_string())
        .env("SHARD_LIMIT", SHARD_LIMIT)
        .env("LOG_LEVEL", "ERROR");
    for operation in [
        "CREATE_STREAM",
        "DELETE_STREAM",
        "SPLIT_SHARD",
        "MERGE_SHARDS",
        "UPDATE_SHARD_COUNT",
        "REGISTER_STREAM_CONSUMER",
        "DEREGISTER_STREAM_CONSUMER",
    ] {
        command.env(format!("{operation}_DURATION"), format!("{}ms", STATE.as_millis()));
    }
    command
}

fn ministack() -> Command {
    let mut command = Command::new(virtual_python("ministack"));
    // No compiled files beside the sources.
    command.arg("-B").arg(source("servers/serve_ministack.py")).arg(PLAIN_PORT.to_string());
    command
}
