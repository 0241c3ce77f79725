//! The server's process as the client sees it.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use crate::endpoint::Endpoint;
use crate::outcome::{Outcome, during};

/// This program in a process of its own, serving. It ends when this is dropped, and when this process dies.
#[derive(Debug)]
pub struct Server {
    child: Child,
    url: String,
}

impl Server {
    /// Starts this program with arguments that make it call [`serve`](crate::serve()), and waits until it listens.
    ///
    /// # Errors
    ///
    /// When it does not start.
    pub fn start<A: AsRef<OsStr>>(args: impl IntoIterator<Item = A>) -> Outcome<Self> {
        const WHAT: &str = "start the embedded endpoint in a process of its own";
        let mut process = Command::new(std::env::current_exe().map_err(during(WHAT))?);
        process.args(args).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = process.spawn().map_err(during(WHAT))?;
        let stdout = child.stdout.take();
        // From here on its drop ends the process.
        let mut server = Self { child, url: String::new() };
        if let Some(stdout) = stdout {
            BufReader::new(stdout).read_line(&mut server.url).map_err(during(WHAT))?;
        }
        server.url.truncate(server.url.trim_end().len());
        if server.url.is_empty() {
            return Err(format!("{WHAT}: it ended before it listened").into());
        }
        Ok(server)
    }

    /// Describes it.
    pub fn endpoint(&self) -> Endpoint {
        Endpoint::unlimited(&self.url)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // The end of its input ends it; a server that died before is what a drop wants.
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}
