//! The server's process as the client sees it.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command as Process, Stdio};

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_kinesis::config::{BehaviorVersion, Region};
use aws_types::SdkConfig;

use crate::Outcome;
use crate::command::{Answer, Command, Stored};
use crate::format::Format;
use crate::processor::Processor;

/// This program in a process of its own, serving. It ends when this is dropped, and when this process dies.
pub(crate) struct Server {
    child: Child,
    requests: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
    url: String,
}

impl Server {
    /// Starts it and waits until it listens.
    pub(crate) fn start() -> Outcome<Self> {
        let mut process = Process::new(std::env::current_exe()?);
        process.arg("--serve").stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = process.spawn()?;
        let (requests, answers) = (child.stdin.take(), child.stdout.take().ok_or("no standard output")?);
        let mut server = Self { child, requests, answers: BufReader::new(answers), url: String::new() };
        match server.answer()? {
            Answer::Listening { url } => server.url = url,
            other => return Err(format!("start the server: it answered {other:?}").into()),
        }
        Ok(server)
    }

    /// Returns a configuration that leads to it, with everything else as the SDK has it.
    pub(crate) fn config(&self) -> SdkConfig {
        let credentials = Credentials::from_keys("AKIDEXAMPLE", "example", None);
        SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::from_static("us-east-1"))
            .endpoint_url(&self.url)
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .build()
    }

    /// Creates an empty stream.
    pub(crate) fn create(&mut self, stream: &str) -> Outcome {
        self.ask(&Command::Create { stream: stream.to_owned() }).map(drop)
    }

    /// Creates a stream that holds so many messages.
    pub(crate) fn fill(
        &mut self,
        stream: &str,
        format: Format,
        framing: Processor,
        records: usize,
    ) -> Outcome {
        self.ask(&Command::Fill { stream: stream.to_owned(), format, framing, records }).map(drop)
    }

    /// Counts what a stream holds.
    pub(crate) fn count(&mut self, stream: &str, framing: Processor) -> Outcome<Stored> {
        self.ask(&Command::Count { stream: stream.to_owned(), framing })
    }

    /// Deletes a stream.
    pub(crate) fn delete(&mut self, stream: &str) -> Outcome {
        self.ask(&Command::Delete { stream: stream.to_owned() }).map(drop)
    }

    fn ask(&mut self, command: &Command) -> Outcome<Stored> {
        let mut line = serde_json::to_vec(command)?;
        line.push(b'\n');
        self.requests.as_mut().ok_or("the server was stopped")?.write_all(&line)?;
        match self.answer()? {
            Answer::Done(stored) => Ok(stored),
            other => Err(format!("{command:?}: the server answered {other:?}").into()),
        }
    }

    fn answer(&mut self) -> Outcome<Answer> {
        let mut line = String::new();
        self.answers.read_line(&mut line)?;
        Ok(serde_json::from_str(&line)?)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // The end of its input ends it; a server that died before is what a drop wants.
        drop(self.requests.take());
        let _ = self.child.wait();
    }
}
