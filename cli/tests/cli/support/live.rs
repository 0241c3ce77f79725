//! A command that runs for long, and what it serves meanwhile.

use headwater_tests::eventually;
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::support::{Headwater, Running};

/// A command with `--listen`. It is killed on drop.
pub(crate) struct Live {
    running: Running,
    address: String,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) code: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Live {
    /// Starts a command that has `--listen 127.0.0.1:0` among its arguments, and waits until it listens.
    pub(crate) async fn start(headwater: Headwater) -> Self {
        Self::of(Running::start(headwater)).await
    }

    /// Does as [`start`](Self::start), with a command that runs already.
    pub(crate) async fn of(running: Running) -> Self {
        let address = eventually("it listens", async || {
            let told = running.told();
            let url = told.iter().find_map(|line| line.strip_prefix("live page: http://"));
            url.map(|url| url.trim_end_matches('/').to_owned())
        })
        .await;
        Self { running, address }
    }

    /// Sends it a signal by its name, such as `TERM`.
    pub(crate) async fn signal(&self, name: &str) {
        self.running.signal(name).await;
    }

    /// The command itself.
    pub(crate) fn running(self) -> Running {
        self.running
    }

    /// Where it listens.
    pub(crate) fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    /// Where it listens, as `--listen` has it.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// Asks it for a path.
    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.ask("GET", path).await
    }

    /// Asks it, by any method.
    pub(crate) async fn ask(&self, method: &str, path: &str) -> Answer {
        let mut stream = TcpStream::connect(&self.address).await.expect("it listens");
        let request =
            format!("{method} {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", self.address);
        stream.write_all(request.as_bytes()).await.expect("it takes a request");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.expect("it answers");
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: {answer:?}"));
        let code = head.split(' ').nth(1).and_then(|code| code.parse().ok());
        Answer {
            code: code.unwrap_or_else(|| panic!("no code: {head}")),
            head: head.to_lowercase(),
            body: body.to_owned(),
        }
    }

    /// Asks it for `/status`.
    pub(crate) async fn status(&self) -> Value {
        let body = self.get("/status").await.body;
        serde_json::from_str(&body).unwrap_or_else(|error| panic!("{error}: {body}"))
    }
}
