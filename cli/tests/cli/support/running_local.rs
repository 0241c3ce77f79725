//! A `headwater local` that runs.

use std::time::Duration;

use aws_sdk_kinesis::Client;
use headwater_tests::dummy_config;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;

use crate::support::{Done, Headwater};

/// How long a step may take on a busy machine.
const TIME_LIMIT: Duration = Duration::from_secs(60);

/// A `headwater local` that listens; it is killed on drop.
#[derive(Debug)]
pub(crate) struct RunningLocal {
    child: Child,
    url: String,
}

impl RunningLocal {
    /// Starts it, and reads the URL that it prints.
    ///
    /// # Panics
    ///
    /// When it prints none.
    pub(crate) async fn start(headwater: Headwater) -> Self {
        let mut child = headwater.spawn();
        let mut lines = BufReader::new(child.stdout.take().expect("its standard output is a pipe")).lines();
        let url = timeout(TIME_LIMIT, lines.next_line()).await.expect("it prints in time").expect("a line");
        let Some(url) = url else {
            let output = child.wait_with_output().await.expect("it ended");
            panic!("it printed no URL: {}", String::from_utf8_lossy(&output.stderr));
        };
        child.stdout = Some(lines.into_inner().into_inner());
        Self { child, url }
    }

    /// Where it listens.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// A client of it.
    pub(crate) fn client(&self) -> Client {
        Client::new(&dummy_config(&self.url))
    }

    /// Sends it a signal, such as `INT`, and waits until it has ended.
    ///
    /// # Panics
    ///
    /// When it does not end.
    pub(crate) async fn end_by(self, signal: &str) -> Done {
        let id = self.child.id().expect("it runs").to_string();
        let sent = Command::new("kill").args([&format!("-{signal}"), &id]).status().await;
        assert!(sent.expect("kill is there").success(), "send {signal}");
        let output = timeout(TIME_LIMIT, self.child.wait_with_output()).await.expect("it ends in time");
        let output = output.expect("it can be waited for");
        Done {
            status: output.status,
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}
