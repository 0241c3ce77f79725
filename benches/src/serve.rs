//! The server's process: the embedded endpoint.

use std::io::Write;

use headwater_local::LocalKinesis;
use tokio::io::{copy, sink, stdin};
use tokio::runtime::Builder;

use crate::outcome::Outcome;

/// Serves the embedded endpoint on loopback, tells its URL in a line on standard output, and ends with standard input,
/// which ends with the process that started this one. [`Server`](crate::Server) is that process' side of it.
///
/// # Errors
///
/// When no port is free, or nobody reads the line.
pub fn serve() -> Outcome {
    // One thread, so that it takes no more than one core from the client.
    Builder::new_current_thread().enable_all().build()?.block_on(async {
        let server = LocalKinesis::builder().serve().await?;
        let mut stdout = std::io::stdout().lock();
        writeln!(stdout, "{}", server.endpoint_url())?;
        stdout.flush()?;
        copy(&mut stdin(), &mut sink()).await?;
        Ok(())
    })
}
