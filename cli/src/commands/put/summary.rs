//! How it went, in the end.

use std::time::Duration;

use headwater::batch::BatchStatus;

use crate::context::Context;
use crate::counted::counted;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::note::note;
use crate::summary::summary;

use super::feed::Ended;
use super::ledger::Ledger;

/// How it went.
pub(super) struct Summary<'a> {
    pub(super) stream: &'a str,
    pub(super) ledger: &'a Ledger,
    pub(super) status: BatchStatus,
    /// How much of the input was put, and what kept the rest from it
    pub(super) ended: Ended,
    pub(super) trouble: Option<Failure>,
    pub(super) took: Duration,
}

impl Summary<'_> {
    /// Tells it, and how the command ends: what was not delivered counts more than who stopped it.
    pub(super) fn tell(self, context: &Context) -> Result<Exit, Failure> {
        let stored = self.status.stored();
        summary(context, "put", stored, format_args!("into \"{}\"", self.stream), self.took);
        let failure = match (self.trouble, undelivered(self.ledger, stored)) {
            (Some(Failure::BrokenPipe), None) => return Err(Failure::BrokenPipe),
            (Some(Failure::BrokenPipe) | None, Some(undelivered)) => Some(undelivered),
            (trouble, _) => trouble,
        };
        if let Ended::After(done) = self.ended {
            let done = counted(done, "message");
            note(format_args!("{done} from the start of the input put, and nothing that follows"));
        }
        match failure {
            None => Ok(context.stop.exit()),
            Some(failure @ Failure::Failed(_)) if stored > 0 => {
                failure.tell();
                Ok(Exit::Partly)
            }
            Some(failure) => Err(failure),
        }
    }
}

/// Says what was not delivered and where it is, if anything.
fn undelivered(ledger: &Ledger, stored: u64) -> Option<Failure> {
    let count = Some(ledger.undelivered()).filter(|&count| count > 0)?;
    let place = match ledger.dead_letters() {
        Some(file) => format!("see {}", file.path().display()),
        None => "--dead-letter FILE keeps such messages".to_owned(),
    };
    Some(Failure::failed(format!(
        "{count} of {} could not be delivered: {place}",
        counted(count + stored, "message")
    )))
}
