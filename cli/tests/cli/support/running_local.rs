//! A `headwater local` that runs.

use std::process::ExitStatus;

use aws_sdk_kinesis::Client;
use headwater_tests::dummy_config;

use crate::support::{Headwater, Running};

/// A `headwater local` that listens; it is killed on drop.
pub(crate) struct RunningLocal {
    running: Running,
    url: String,
}

impl RunningLocal {
    /// Starts it, and reads the URL that it prints.
    pub(crate) async fn start(headwater: Headwater) -> Self {
        let running = Running::start(headwater);
        let url = running.printed(1).await.remove(0);
        Self { running, url }
    }

    /// Where it listens.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// A client of it.
    pub(crate) fn client(&self) -> Client {
        Client::new(&dummy_config(&self.url))
    }

    /// Sends it a signal, such as `INT`, and waits for its end; returns what it printed after the URL, and what it told
    /// on standard error.
    pub(crate) async fn end_by(self, signal: &str) -> (ExitStatus, Vec<String>, String) {
        self.running.signal(signal).await;
        let printed = self.running.lines().split_off(1);
        let (status, told) = self.running.end().await;
        (status, printed, told)
    }
}
