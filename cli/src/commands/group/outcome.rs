//! What came of a change.

use anstream::eprintln;
use headwater::group::{Group, Report};

use crate::counted::counted;
use crate::exit::Exit;
use crate::failure::Failure;

/// Tells which shards are done. Where some are not, it names them.
pub(super) fn outcome(report: Report) -> Result<Exit, Failure> {
    let some_done = !report.done.is_empty();
    let what = report.what.clone();
    match report.whole() {
        Ok(done) => {
            eprintln!("{what}: {}", counted(done.len() as u64, "shard"));
            Ok(Exit::Done)
        }
        Err(error) if some_done => {
            eprintln!("{error}");
            Ok(Exit::Partly)
        }
        Err(error) => Err(error.into()),
    }
}

/// There is no such group.
pub(super) fn nothing_stored(group: &Group) -> Failure {
    Failure::failed(format!(
        "nothing is stored of {}; look at APP, --stream and --checkpoints",
        group.application()
    ))
}
