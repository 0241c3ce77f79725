//! The wish to stop: Ctrl-C, or a request to end.

use std::sync::Arc;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use crate::exit::Exit;
use crate::failure::Failure;

/// Tells when somebody wants the command to stop. The first signal asks it to end in order, the second ends it at once.
#[derive(Clone, Debug)]
pub(crate) struct Stop {
    asked: Arc<watch::Sender<Option<Asked>>>,
}

/// Who asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asked {
    /// Ctrl-C, by a person
    Interrupt,
    /// SIGTERM, by who supervises the process
    Terminate,
}

impl Stop {
    /// Begins to listen.
    pub(crate) fn on_signals() -> Result<Self, Failure> {
        let stop = Self { asked: Arc::new(watch::channel(None).0) };
        let mut interrupts = signal(SignalKind::interrupt()).map_err(Failure::io("listen for Ctrl-C"))?;
        let mut terminations = signal(SignalKind::terminate()).map_err(Failure::io("listen for SIGTERM"))?;
        let asked = Arc::clone(&stop.asked);
        tokio::spawn(async move {
            loop {
                let by = tokio::select! {
                    _ = interrupts.recv() => Asked::Interrupt,
                    _ = terminations.recv() => Asked::Terminate,
                };
                if asked.borrow().is_some() {
                    std::process::exit(130);
                }
                asked.send_replace(Some(by));
            }
        });
        Ok(stop)
    }

    /// Resolves once somebody has asked.
    pub(crate) async fn asked(&self) {
        let mut asked = self.asked.subscribe();
        // The sender is held by this.
        let _ = asked.wait_for(Option::is_some).await;
    }

    /// Does what may be left at any time, until somebody asks.
    pub(crate) async fn or_asked(
        &self,
        work: impl Future<Output = Result<Exit, Failure>>,
    ) -> Result<Exit, Failure> {
        tokio::select! {
            done = work => done,
            () = self.asked() => Ok(self.exit()),
        }
    }

    /// Whether somebody has asked.
    pub(crate) fn is_asked(&self) -> bool {
        self.asked.borrow().is_some()
    }

    /// How a command that ended in order is to be told from one that was done anyway.
    pub(crate) fn exit(&self) -> Exit {
        match *self.asked.borrow() {
            Some(Asked::Interrupt) => Exit::Interrupted,
            Some(Asked::Terminate) | None => Exit::Done,
        }
    }
}
