//! Whether somebody really wants it.

use std::io::{BufRead as _, IsTerminal as _, Write as _};

use crate::failure::Failure;

/// Asks a person at the terminal; where nobody is there, only `--yes` will do.
pub(super) async fn confirm(what: &str, yes: bool) -> Result<bool, Failure> {
    if yes {
        return Ok(true);
    }
    if !std::io::stdin().is_terminal() {
        return Err(Failure::usage(format!(
            "{what}: nobody is there to be asked; --yes says that it is meant"
        )));
    }
    let question = format!("{what}? [y/N] ");
    let answered = tokio::task::spawn_blocking(move || {
        let mut told = std::io::stderr().lock();
        told.write_all(question.as_bytes()).and_then(|()| told.flush())?;
        let mut answer = String::new();
        std::io::stdin().lock().read_line(&mut answer).map(|_| answer)
    });
    let answer = answered.await.map_err(|error| Failure::failed(format!("ask: {error}")))?;
    let answer = answer.map_err(Failure::io("ask"))?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}
