//! Worker processes that share a stream, and what can happen to them.

use std::ffi::OsStr;
use std::process::{Command as Program, Stdio};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, ChildStdout, Command};
use tokio::task::JoinHandle;

use crate::eventually::eventually;
use crate::worker::{Line, Out, Said, WorkerJob, now};

/// Worker processes that share a stream. They are killed on drop.
#[derive(Debug)]
pub struct Fleet {
    program: &'static OsStr,
    job: WorkerJob,
    workers: Vec<Worker>,
    ledger: Ledger,
    /// How many were ever started.
    started: usize,
}

/// A worker process.
#[derive(Debug)]
struct Worker {
    name: String,
    child: Child,
    is_frozen: bool,
    hearing: JoinHandle<()>,
}

/// What all the workers of a fleet said, those that are gone too.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    lines: Arc<Mutex<Vec<(String, Line)>>>,
}

/// A message that was handed out or done, by whom, and when.
#[derive(Clone, Debug)]
pub struct Event {
    /// The worker
    pub worker: String,
    /// When, in microseconds of Unix time
    pub at: u64,
    /// The message
    pub out: Out,
}

impl Fleet {
    /// A fleet without workers, each of which will run a program, which is `env!("CARGO_BIN_EXE_worker")`, with a job under a
    /// name of its own.
    pub fn new(program: &'static str, job: WorkerJob) -> Self {
        Self { program: OsStr::new(program), job, workers: Vec::new(), ledger: Ledger::default(), started: 0 }
    }

    /// What is said in it.
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// The time by the clock of the ledger, in microseconds.
    pub fn now(&self) -> u64 {
        now()
    }

    /// The names of those that run and are not frozen, the oldest first.
    pub fn living(&self) -> Vec<String> {
        self.workers.iter().filter(|worker| !worker.is_frozen).map(|worker| worker.name.clone()).collect()
    }

    /// The names of those that are frozen.
    pub fn frozen(&self) -> Vec<String> {
        self.workers.iter().filter(|worker| worker.is_frozen).map(|worker| worker.name.clone()).collect()
    }

    /// Starts a worker and returns its name.
    ///
    /// # Panics
    ///
    /// When its process cannot be started.
    pub fn join(&mut self) -> String {
        let name = format!("worker-{}", self.started);
        self.started += 1;
        let job = WorkerJob { worker: name.clone(), ..self.job.clone() };
        let mut command = Command::new(self.program);
        command.arg(serde_json::to_string(&job).expect("a job has a text"));
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().unwrap_or_else(|error| panic!("start {name}: {error}"));
        let stdout = child.stdout.take().expect("its output is piped");
        let hearing = tokio::spawn(self.ledger.clone().hear(name.clone(), stdout));
        self.workers.push(Worker { name: name.clone(), child, is_frozen: false, hearing });
        name
    }

    /// Lets a worker leave in order, and waits until its process has ended.
    ///
    /// # Panics
    ///
    /// When it ends with an error, or not within two minutes.
    pub async fn leave(&mut self, name: &str) {
        let mut worker = self.take(name);
        drop(worker.child.stdin.take());
        eventually("the worker leaves", async || worker.child.try_wait().expect("it can be waited for"))
            .await;
        worker.hearing.await.expect("it is heard to its end");
        let ended = self.ledger.last(name);
        assert_eq!(ended, Some(Said::Ended), "{name} left");
    }

    /// Kills a worker with -9, and waits until it is gone and all that it said is heard.
    ///
    /// # Panics
    ///
    /// When there is no such worker.
    pub async fn kill(&mut self, name: &str) {
        let mut worker = self.take(name);
        worker.child.kill().await.expect("a process can be killed");
        worker.hearing.await.expect("it is heard to its end");
    }

    /// Freezes a worker: it does nothing until it is woken, and does not know.
    ///
    /// # Panics
    ///
    /// When there is no such worker, or no program `kill`.
    pub fn freeze(&mut self, name: &str) {
        self.signal(name, "-STOP");
        self.find(name).is_frozen = true;
    }

    /// Wakes a frozen worker.
    ///
    /// # Panics
    ///
    /// When there is no such worker, or no program `kill`.
    pub fn wake(&mut self, name: &str) {
        self.signal(name, "-CONT");
        self.find(name).is_frozen = false;
    }

    fn signal(&mut self, name: &str, signal: &str) {
        let id = self.find(name).child.id().expect("it runs").to_string();
        let status = Program::new("kill").args([signal, &id]).status().expect("there is a program kill");
        assert!(status.success(), "kill {signal} {id}: {status}");
    }

    fn find(&mut self, name: &str) -> &mut Worker {
        let worker = self.workers.iter_mut().find(|worker| worker.name == name);
        worker.unwrap_or_else(|| panic!("there is no {name}"))
    }

    fn take(&mut self, name: &str) -> Worker {
        let index = self.workers.iter().position(|worker| worker.name == name);
        self.workers.remove(index.unwrap_or_else(|| panic!("there is no {name}")))
    }
}

impl Ledger {
    /// Takes down all that a worker says.
    async fn hear(self, name: String, stdout: ChildStdout) {
        let mut lines = BufReader::new(stdout).lines();
        while let Ok(Some(line)) = lines.next_line().await {
            // One that is killed can be in the middle of a line.
            if let Ok(line) = serde_json::from_str(&line) {
                self.with(|lines| lines.push((name.clone(), line)));
            }
        }
    }

    fn with<T>(&self, look: impl FnOnce(&mut Vec<(String, Line)>) -> T) -> T {
        look(&mut self.lines.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The last thing that a worker said.
    pub fn last(&self, worker: &str) -> Option<Said> {
        self.with(|lines| lines.iter().rfind(|(name, _)| name == worker).map(|(_, line)| line.said.clone()))
    }

    /// Whether a worker has said that it is ready.
    pub fn is_ready(&self, worker: &str) -> bool {
        self.with(|lines| lines.iter().any(|(name, line)| name == worker && line.said == Said::Ready))
    }

    /// The shards that a worker read when it last said so.
    pub fn reads(&self, worker: &str) -> Vec<String> {
        self.with(|lines| {
            let said = lines.iter().rev().filter(|(name, _)| name == worker).map(|(_, line)| &line.said);
            let mut reads =
                said.filter_map(|said| if let Said::Reads(shards) = said { Some(shards) } else { None });
            reads.next().cloned().unwrap_or_default()
        })
    }

    /// What was handed out, in the order of time.
    pub fn handed_out(&self) -> Vec<Event> {
        self.events(|said| if let Said::Out(out) = said { Some(out) } else { None })
    }

    /// What was done, in the order of time.
    pub fn done(&self) -> Vec<Event> {
        self.events(|said| if let Said::Done(out) = said { Some(out) } else { None })
    }

    /// The workers that ended with an error, and what it was.
    pub fn failures(&self) -> Vec<String> {
        self.with(|lines| {
            let failed = lines.iter().filter_map(|(name, line)| {
                if let Said::Failed(error) = &line.said { Some(format!("{name}: {error}")) } else { None }
            });
            failed.collect()
        })
    }

    fn events(&self, which: impl Fn(&Said) -> Option<&Out>) -> Vec<Event> {
        let mut events: Vec<_> = self.with(|lines| {
            let events = lines.iter().filter_map(|(worker, line)| {
                let out = which(&line.said)?.clone();
                Some(Event { worker: worker.clone(), at: line.at, out })
            });
            events.collect()
        });
        events.sort_by_key(|event| event.at);
        events
    }
}
