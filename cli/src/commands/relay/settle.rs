//! What becomes of what was made of a message.

use std::sync::Arc;

use bytes::Bytes;
use headwater::batch::{Producer, Receipt};
use headwater::{Error, ErrorKind, Message, Result};
use indicatif::ProgressBar;

use crate::commands::relay::dead_letters::DeadLetters;
use crate::failure::chain;

/// The end of a pipeline: the stream that is written, and the dead letters beside it.
#[derive(Debug)]
pub(super) struct Outlet {
    pub(super) producer: Producer,
    pub(super) letters: Option<DeadLetters>,
    pub(super) progress: ProgressBar,
}

/// What is to be done with a message.
#[derive(Debug)]
pub(super) enum Step {
    /// To be written.
    Put(Message<Bytes>),
    /// To be kept with the dead letters, for this reason.
    Bury(Message<Bytes>, String),
}

/// What was begun with a message.
#[derive(Debug)]
pub(super) enum Placed {
    /// The sink has it.
    Accepted(Receipt),
    /// The sink would not take it.
    Refused(Error),
    /// It goes to the dead letters.
    Letter(Message<Bytes>, String),
}

impl Outlet {
    /// Hands a message on, once there is room. To be called in the order of messages, which is that of their keys.
    pub(super) async fn place(&self, step: Step) -> Placed {
        match step {
            Step::Put(message) => match self.producer.put(message).await {
                Ok(receipt) => Placed::Accepted(receipt),
                Err(error) => Placed::Refused(error),
            },
            Step::Bury(message, reason) => Placed::Letter(message, reason),
        }
    }

    /// Waits until the message is done, or goes to the dead letters.
    ///
    /// # Errors
    ///
    /// What ends the relay: the message is not done, and comes again.
    pub(super) async fn settle(self: Arc<Self>, placed: Placed) -> Result<()> {
        let error = match placed {
            Placed::Accepted(receipt) => match receipt.await {
                Ok(_) => {
                    self.progress.inc(1);
                    return Ok(());
                }
                Err(error) => error,
            },
            Placed::Refused(error) => error,
            Placed::Letter(message, reason) => return self.bury(message, reason).await,
        };
        if self.letters.is_none() || error.undelivered_len() == 0 || is_of_all(&error) {
            return Err(error);
        }
        let reason = chain(&error);
        for undelivered in error.into_undelivered() {
            self.bury(undelivered.into_message(), reason.clone()).await?;
        }
        Ok(())
    }

    async fn bury(&self, message: Message<Bytes>, reason: String) -> Result<()> {
        match self.letters.clone() {
            Some(mut letters) => letters.bury(message, reason).await,
            None => Err(Error::new(ErrorKind::Stage, reason)),
        }
    }
}

/// Whether it is not for the message itself that it was not delivered. The whole stream would become dead letters, for an
/// outage, or for a stop in the midst of one, that the next start knows nothing of.
fn is_of_all(error: &Error) -> bool {
    let kind = error.kind();
    kind.is_retryable()
        || matches!(
            kind,
            ErrorKind::NotFound | ErrorKind::AccessDenied | ErrorKind::NotReady | ErrorKind::Closed
        )
}
