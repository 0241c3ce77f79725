//! A run that is looked at while it goes on.

use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use headwater_tests::eventually;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, BufReader};
use tokio::process::{Child, ChildStdin, Command};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::Headwater;

/// How long it may take to end on a busy machine.
const TIME_LIMIT: Duration = Duration::from_mins(3);

/// A run that goes on. It is killed on drop.
pub(crate) struct Running {
    child: Child,
    stdout: Lines,
    stderr: Lines,
}

/// The lines that came so far.
struct Lines {
    told: Arc<Mutex<Vec<String>>>,
    reading: JoinHandle<()>,
}

impl Running {
    /// Starts it, with nothing to read.
    pub(crate) fn start(headwater: Headwater) -> Self {
        Self::start_fed(headwater).0
    }

    /// Starts it, and gives the pipe that it reads from.
    pub(crate) fn start_fed(headwater: Headwater) -> (Self, ChildStdin) {
        let mut child = headwater.spawn();
        let stdin = child.stdin.take().expect("a pipe");
        let stdout = Lines::of(child.stdout.take().expect("a pipe"));
        let stderr = Lines::of(child.stderr.take().expect("a pipe"));
        (Self { child, stdout, stderr }, stdin)
    }

    /// The lines that it printed so far.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.stdout.so_far()
    }

    /// The lines that it told on standard error so far.
    pub(crate) fn told(&self) -> Vec<String> {
        self.stderr.so_far()
    }

    /// Waits until it printed so many lines, and returns all that it did.
    pub(crate) async fn printed(&self, count: usize) -> Vec<String> {
        eventually("the lines are printed", async || {
            let lines = self.lines();
            (lines.len() >= count).then_some(lines)
        })
        .await
    }

    /// Sends it a signal by its name, such as `INT`.
    pub(crate) async fn signal(&self, name: &str) {
        let id = self.child.id().expect("it runs").to_string();
        let sent = Command::new("kill").args(["-s", name, &id]).stdin(Stdio::null()).status().await;
        assert!(sent.expect("kill is there").success());
    }

    /// Stops to read what it prints, as a pipe does whose reader has ended.
    pub(crate) fn close_stdout(&self) {
        self.stdout.reading.abort();
    }

    /// Waits for its end; returns how it ended and what it told on standard error.
    pub(crate) async fn end(mut self) -> (ExitStatus, String) {
        let ended = timeout(TIME_LIMIT, self.child.wait()).await;
        let Ok(status) = ended else { panic!("it goes on: {:?}", self.stderr.so_far()) };
        // The pipe is at its end by now.
        let _ = self.stderr.reading.await;
        let told = self.stderr.told.lock().unwrap().join("\n");
        (status.expect("it can be waited for"), told)
    }
}

impl Lines {
    fn of(pipe: impl AsyncRead + Send + Unpin + 'static) -> Self {
        let told = Arc::new(Mutex::new(Vec::new()));
        let reading = tokio::spawn({
            let told = Arc::clone(&told);
            async move {
                let mut lines = BufReader::new(pipe).lines();
                while let Ok(Some(line)) = lines.next_line().await {
                    told.lock().unwrap().push(line);
                }
            }
        });
        Self { told, reading }
    }

    fn so_far(&self) -> Vec<String> {
        self.told.lock().unwrap().clone()
    }
}
