//! A started process and what it says.

use std::io::{BufRead as _, BufReader, Lines};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use crate::tasks::{FILE, NAME, TASK};

/// Begins each line that a worker process says: the test harness prints lines of its own.
const SAID: &str = "said: ";

pub(crate) fn say(what: &str) {
    println!("{SAID}{what}");
}

pub(crate) struct Worker {
    process: Child,
    output: Lines<BufReader<ChildStdout>>,
}

impl Worker {
    /// Starts a process with a task, on a file, under a worker's name.
    pub(crate) fn start(task: &str, file: &Path, name: &str) -> Self {
        Self::start_by(Command::new(std::env::current_exe().unwrap()), task, file, name)
    }

    /// Starts a process by a command that ends in running this binary.
    pub(crate) fn start_by(mut command: Command, task: &str, file: &Path, name: &str) -> Self {
        let mut process = command
            .args(["--exact", "tasks::worker_process", "--nocapture"])
            .env(TASK, task)
            .env(FILE, file)
            .env(NAME, name)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let output = BufReader::new(process.stdout.take().unwrap()).lines();
        Self { process, output }
    }

    pub(crate) fn id(&self) -> u32 {
        self.process.id()
    }

    /// Returns the next whole line that it said, or `None` when it has ended.
    pub(crate) fn hear(&mut self) -> Option<String> {
        let said = |line: String| line.split_once(SAID).map(|(_, said)| said.to_owned());
        self.output.by_ref().map_while(Result::ok).find_map(said)
    }

    /// Returns what it says until it says this.
    pub(crate) fn hear_until(&mut self, last: &str) -> Vec<String> {
        let mut said = Vec::new();
        loop {
            let line = self.hear().unwrap_or_else(|| panic!("it ended before it said {last}: {said:?}"));
            if line == last {
                return said;
            }
            said.push(line);
        }
    }

    /// Waits for its good end and returns all that it said. Who waits to be told to end is told.
    pub(crate) fn finish(mut self) -> Vec<String> {
        drop(self.process.stdin.take());
        let said = std::iter::from_fn(|| self.hear()).collect();
        assert!(self.process.wait().unwrap().success(), "the worker process failed");
        said
    }

    /// Kills it, and returns what it had said and nobody had heard.
    pub(crate) fn kill(mut self) -> Vec<String> {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
        std::iter::from_fn(|| self.hear()).collect()
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // A test that failed leaves no process behind; one that has ended cannot be killed, which is as good.
        let _ended = self.process.kill();
        let _ended = self.process.wait();
    }
}
