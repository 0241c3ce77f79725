//! The binary, ready to be run.

use std::ffi::OsStr;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use headwater_tests::Endpoint;
use serde_json::Value;
use tokio::io::AsyncWriteExt as _;
use tokio::process::{Child, Command};

/// How long a run may take on a busy machine.
const TIME_LIMIT: Duration = Duration::from_mins(3);

/// A run of the binary in the making: in an environment without AWS settings, colours or a configuration file.
#[derive(Debug)]
pub(crate) struct Headwater {
    command: Command,
    input: Vec<u8>,
}

/// A run that has ended.
#[derive(Debug)]
pub(crate) struct Done {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Headwater {
    /// Begins `headwater ARGS`.
    pub(crate) fn new<A: AsRef<OsStr>>(args: impl IntoIterator<Item = A>) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_headwater"));
        command
            .args(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        for (name, _) in std::env::vars_os() {
            let name = name.to_string_lossy();
            // Whoever runs the tests chooses the wire that they run on.
            if name == "HEADWATER_WIRE" {
                continue;
            }
            if name.starts_with("AWS_") || name.starts_with("HEADWATER_") || name.starts_with("OTEL_") {
                command.env_remove(&*name);
            }
        }
        command.env_remove("ENDPOINT_URL").env_remove("RUST_LOG").env_remove("XDG_CONFIG_HOME");
        command.env("HOME", "/nonexistent").env("AWS_EC2_METADATA_DISABLED", "true");
        Self { command, input: Vec::new() }
    }

    /// Begins `headwater ARGS --endpoint-url URL`.
    pub(crate) fn at<A: AsRef<OsStr>>(endpoint: &Endpoint, args: impl IntoIterator<Item = A>) -> Self {
        let mut headwater = Self::new(args);
        headwater.command.args(["--endpoint-url", endpoint.url()]);
        headwater
    }

    /// Adds arguments.
    pub(crate) fn args<A: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = A>) -> Self {
        self.command.args(args);
        self
    }

    /// Sets a variable of its environment.
    pub(crate) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// Runs it in a directory.
    pub(crate) fn in_directory(mut self, directory: &Path) -> Self {
        self.command.current_dir(directory);
        self
    }

    /// Gives it standard input.
    pub(crate) fn input(mut self, input: impl Into<Vec<u8>>) -> Self {
        self.input = input.into();
        self
    }

    /// Runs it to its end.
    ///
    /// # Panics
    ///
    /// When it takes too long.
    pub(crate) async fn run(self) -> Done {
        let what = format!("{:?}", self.command.as_std());
        let input = self.input.clone();
        let mut child = self.spawn();
        let mut stdin = child.stdin.take().expect("its standard input is a pipe");
        let feed = async move {
            // One that fails before it reads says why on its standard error.
            let _ = stdin.write_all(&input).await;
        };
        // Both at once: one that answers while it reads would wait for its output to be read.
        let work = async { tokio::join!(feed, child.wait_with_output()).1 };
        let output = tokio::time::timeout(TIME_LIMIT, work).await;
        let output = output.unwrap_or_else(|_| panic!("{what}: it did not end in {TIME_LIMIT:?}"));
        let output = output.unwrap_or_else(|error| panic!("{what}: {error}"));
        Done {
            status: output.status,
            stdout: String::from_utf8(output.stdout).unwrap_or_else(|error| panic!("{what}: {error}")),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// Starts it; standard input, output and error are pipes, and it is killed on drop.
    pub(crate) fn spawn(mut self) -> Child {
        self.command.spawn().unwrap_or_else(|error| panic!("{:?}: {error}", self.command.as_std()))
    }
}

impl Done {
    /// Its output, where it was done.
    ///
    /// # Panics
    ///
    /// When it was not.
    #[track_caller]
    pub(crate) fn ok(self) -> String {
        assert!(self.status.success(), "{}: {}\n{}", self.status, self.stderr, self.stdout);
        self.stdout
    }

    /// What it told on standard error, where it ended with this code.
    ///
    /// # Panics
    ///
    /// When it ended with another.
    #[track_caller]
    pub(crate) fn code(self, code: i32) -> String {
        assert_eq!(self.status.code(), Some(code), "{}\n{}", self.stderr, self.stdout);
        self.stderr
    }

    /// Its output, each line a JSON value.
    #[track_caller]
    pub(crate) fn json_lines(self) -> Vec<Value> {
        let read = |line: &str| serde_json::from_str(line).unwrap_or_else(|error| panic!("{line}: {error}"));
        self.ok().lines().map(read).collect()
    }
}
