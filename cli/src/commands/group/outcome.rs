//! What came of a change.

use anstream::eprintln;
use headwater::group::{Group, Report};

use crate::exit::Exit;
use crate::failure::Failure;

/// Tells which shards are done. Where some are not, it names them.
pub(super) fn outcome(report: Report) -> Result<Exit, Failure> {
    let some_done = !report.done.is_empty();
    let what = report.what.clone();
    match report.whole() {
        Ok(done) => {
            eprintln!("{what}: {}", count(done.len()));
            Ok(Exit::Done)
        }
        Err(error) if some_done => {
            eprintln!("{error}");
            Ok(Exit::Partly)
        }
        Err(error) => Err(error.into()),
    }
}

/// How many shards, in words.
pub(super) fn count(shards: usize) -> String {
    if shards == 1 { "1 shard".to_owned() } else { format!("{shards} shards") }
}

/// There is no such group.
pub(super) fn nothing_stored(group: &Group) -> Failure {
    Failure::failed(format!(
        "nothing is stored of {}; look at APP, --stream and --checkpoints",
        group.application()
    ))
}
