//! A server that runs in a process of its own.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read, Write as _};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, SyncSender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// How long a server may take to listen. The slowest takes 7 s on an idle machine.
const START_LIMIT: Duration = Duration::from_mins(3);

/// How much of a server's output a failure shows.
const KEPT_LINES: usize = 20;

/// A running server. It is killed on drop, and ends by itself when this process does: the program that starts it
/// watches its standard input, whose other end only this process holds.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    name: String,
    output: Output,
}

/// The last lines that the server printed, for the message of a failure.
type Output = Arc<Mutex<VecDeque<String>>>;

/// A port that the server asked for, and the one that it got.
struct Listening {
    asked: u16,
    taken: u16,
}

impl Process {
    /// Starts `command`, and waits until it listens on what it takes for each of `ports`. Returns those that it has.
    ///
    /// # Panics
    ///
    /// When it does not, with its last output.
    pub(crate) fn start<const N: usize>(
        name: &str,
        mut command: Command,
        ports: [u16; N],
    ) -> (Self, [u16; N]) {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap_or_else(|error| {
            panic!(
                "start {name} with {}: {error}; see CONTRIBUTING.md for what must be installed",
                command.get_program().display()
            )
        });

        let output = Output::default();
        let (found, listening) = mpsc::sync_channel(16);
        if let Some(stdout) = child.stdout.take() {
            read(stdout, Arc::clone(&output), Some(found));
        }
        if let Some(stderr) = child.stderr.take() {
            read(stderr, Arc::clone(&output), None);
        }
        let process = Self { child, name: name.to_owned(), output };
        let taken = process.wait_for(ports, &listening);
        (process, taken)
    }

    fn wait_for<const N: usize>(&self, ports: [u16; N], listening: &Receiver<Listening>) -> [u16; N] {
        let started = Instant::now();
        let mut taken = [0; N]; // No server is given port 0.
        while taken.contains(&0) {
            match listening.recv_timeout(START_LIMIT.saturating_sub(started.elapsed())) {
                Ok(Listening { asked, taken: port }) => {
                    if let Some(index) = ports.iter().position(|wanted| *wanted == asked) {
                        taken[index] = port;
                    }
                }
                Err(RecvTimeoutError::Timeout) => self.fail("did not listen in time"),
                Err(RecvTimeoutError::Disconnected) => self.fail("ended before it listened"),
            }
        }
        taken
    }

    /// Ends it in order, where the program that starts it knows how, and waits for it.
    pub(crate) fn end(mut self) {
        if let Some(mut stdin) = self.child.stdin.take() {
            // One that has ended already has closed it.
            let _ = stdin.write_all(b"end\n");
            let _ = self.child.wait();
        }
    }

    /// Panics with what went wrong and the server's last output.
    pub(crate) fn fail(&self, what: &str) -> ! {
        let output = self.output.lock().unwrap_or_else(PoisonError::into_inner);
        let lines: Vec<_> = output.iter().map(String::as_str).collect();
        panic!("{} {what}; its last output:\n{}", self.name, lines.join("\n"))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Closed only once it has ended, because what watches over it takes that for the end of the tests.
        let stdin = self.child.stdin.take();
        // It may have ended already, which is all that a drop wants.
        let _ = self.child.kill();
        let _ = self.child.wait();
        drop(stdin);
    }
}

/// Reads the server's output for as long as it runs: a full pipe would stop the server.
fn read(from: impl Read + Send + 'static, output: Output, found: Option<SyncSender<Listening>>) {
    thread::spawn(move || {
        for line in BufReader::new(from).lines().map_while(Result::ok) {
            if let Some((found, listening)) = found.as_ref().zip(Listening::of_line(&line)) {
                // Nobody asks any more once the server has started.
                let _ = found.try_send(listening);
            }
            let mut output = output.lock().unwrap_or_else(PoisonError::into_inner);
            output.push_back(line);
            if output.len() > KEPT_LINES {
                output.pop_front();
            }
        }
    });
}

impl Listening {
    /// Reads the line that each server is made to print: `headwater: 4567 33155`.
    fn of_line(line: &str) -> Option<Self> {
        let (asked, taken) = line.strip_prefix("headwater: ")?.split_once(' ')?;
        Some(Self { asked: asked.parse().ok()?, taken: taken.parse().ok()? })
    }
}
