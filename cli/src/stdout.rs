//! Standard output: data alone.

use std::future::pending;
use std::io::{self, BufWriter, Write};
use std::os::fd::AsFd as _;

use tokio::io::Interest;
use tokio::net::unix::pipe;

use crate::failure::Failure;

/// How much is kept until it is written.
const BUFFER: usize = 64 << 10;

/// What fails when it cannot be written.
pub(crate) const WRITE: &str = "write to standard output";

/// Writes all of an answer at once.
pub(crate) fn print(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), Failure> {
    let mut out = BufWriter::with_capacity(BUFFER, io::stdout().lock());
    write(&mut out).and_then(|()| out.flush()).map_err(Failure::io(WRITE))
}

/// Standard output, buffered: what is written is seen by who reads it after a [`flush`](Self::flush).
pub(crate) struct Stdout {
    out: BufWriter<io::Stdout>,
    /// Tells of a pipe that nobody reads any more. A file has none.
    watch: Option<pipe::Sender>,
}

impl Stdout {
    /// Takes it.
    pub(crate) fn new() -> Self {
        let out = io::stdout();
        // Only asked how it is, and never written: that it blocks does no harm.
        let watch = out.as_fd().try_clone_to_owned().and_then(pipe::Sender::from_owned_fd_unchecked).ok();
        Self { out: BufWriter::with_capacity(BUFFER, out), watch }
    }

    /// Writes bytes, sooner or later.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        self.out.write_all(bytes).map_err(Failure::io(WRITE))
    }

    /// Hands over all that was written.
    pub(crate) fn flush(&mut self) -> Result<(), Failure> {
        self.out.flush().map_err(Failure::io(WRITE))
    }

    /// Resolves once nobody reads it any more, so that a command without anything to write ends too.
    pub(crate) async fn is_gone(&self) {
        match &self.watch {
            Some(watch) => drop(watch.ready(Interest::ERROR).await),
            None => pending().await,
        }
    }
}
