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
    serving(async {
        let server = LocalKinesis::builder().serve().await?;
        announce(&server.endpoint_url())?;
        copy(&mut stdin(), &mut sink()).await?;
        Ok(())
    })
}

/// Runs a server.
pub(crate) fn serving(server: impl Future<Output = Outcome>) -> Outcome {
    // One thread, so that it takes no more than one core from the client.
    Builder::new_current_thread().enable_all().build()?.block_on(server)
}

/// Tells where it listens.
pub(crate) fn announce(url: &str) -> Outcome {
    let mut stdout = std::io::stdout().lock();
    writeln!(stdout, "{url}")?;
    Ok(stdout.flush()?)
}
