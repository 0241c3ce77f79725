//! What became of every message.

use std::future::pending;

use anstream::eprintln;
use anstyle::{AnsiColor, Style};
use futures::stream::FuturesUnordered;
use futures::{FutureExt as _, StreamExt as _};
use headwater::batch::Delivered;
use headwater::{Error, Undelivered};
use indicatif::ProgressBar;
use serde::Serialize;
use tokio::sync::mpsc;

use crate::codec::Format;
use crate::failure::Failure;
use crate::progress::progress;
use crate::stdout::Stdout;

use super::dead_letters::DeadLetters;
use super::feed::Sent;
use super::letter::Letter;

/// Waits for what becomes of every message, and tells of it: on standard output, on standard error, in dead letters.
pub(super) struct Ledger {
    format: Format,
    receipts: Option<Stdout>,
    dead_letters: Option<DeadLetters>,
    undelivered: u64,
    bar: ProgressBar,
}

/// A line of standard output.
#[derive(Serialize)]
struct ReceiptLine<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u64>,
    shard: &'a str,
    sequence: &'a str,
    sub_sequence: Option<u64>,
    attempts: u32,
}

impl Ledger {
    /// Opens it for messages that were serialized so.
    pub(super) fn new(format: Format, receipts: bool, dead_letters: Option<DeadLetters>) -> Self {
        let receipts = receipts.then(Stdout::new);
        Self { format, receipts, dead_letters, undelivered: 0, bar: progress("put", None) }
    }

    /// How many messages were not delivered.
    pub(super) fn undelivered(&self) -> u64 {
        self.undelivered
    }

    /// Where dead letters are.
    pub(super) fn dead_letters(&self) -> Option<&DeadLetters> {
        self.dead_letters.as_ref()
    }

    /// Settles every message that is sent. It holds no more of them than the sink does.
    ///
    /// # Errors
    ///
    /// Receipts or dead letters cannot be written: the messages that are on their way then come back from the producer.
    pub(super) async fn settle(&mut self, mut sent: mpsc::Receiver<Sent>) -> Result<(), Failure> {
        let mut waiting = FuturesUnordered::new();
        let mut open = true;
        loop {
            while let Some(Some((line, settled))) = waiting.next().now_or_never() {
                self.settled(line, settled)?;
            }
            // Nobody waits long for a receipt, and many share a write.
            self.flush()?;
            if !open && waiting.is_empty() {
                return Ok(());
            }
            tokio::select! {
                Some((line, settled)) = waiting.next() => self.settled(line, settled)?,
                sent = sent.recv(), if open => match sent {
                    Some(Sent::Accepted { line, receipt }) => {
                        waiting.push(receipt.map(move |settled| (line, settled)));
                    }
                    Some(Sent::Refused(letter)) => self.bury(&letter)?,
                    None => open = false,
                },
                () = is_gone(self.receipts.as_ref()) => return Err(Failure::BrokenPipe),
            }
        }
    }

    /// Takes what was handed back without a receipt. Which line it is nobody knows.
    pub(super) fn returned(&mut self, undelivered: &Undelivered) -> Result<(), Failure> {
        self.bury(&Letter::undelivered(None, undelivered, self.format))
    }

    fn settled(&mut self, line: Option<u64>, settled: Result<Delivered, Error>) -> Result<(), Failure> {
        match settled {
            Ok(delivered) => self.deliver(line, &delivered),
            Err(error) => error
                .into_undelivered()
                .iter()
                .try_for_each(|undelivered| self.bury(&Letter::undelivered(line, undelivered, self.format))),
        }
    }

    fn deliver(&mut self, line: Option<u64>, delivered: &Delivered) -> Result<(), Failure> {
        self.bar.inc(1);
        let Some(out) = &mut self.receipts else { return Ok(()) };
        let receipt = ReceiptLine {
            line,
            shard: delivered.shard().as_str(),
            sequence: delivered.sequence().as_str(),
            sub_sequence: delivered.sub_sequence(),
            attempts: delivered.attempts(),
        };
        let mut receipt = serde_json::to_vec(&receipt).map_err(|error| Failure::failed(error.to_string()))?;
        receipt.push(b'\n');
        out.write(&receipt)
    }

    /// Writes a dead letter; where there is no file for them, or no room in it, standard error is told.
    fn bury(&mut self, letter: &Letter) -> Result<(), Failure> {
        self.undelivered += 1;
        let buried = self.dead_letters.as_mut().map(|file| file.append(letter));
        if !matches!(buried, Some(Ok(()))) {
            let style = Style::new().bold().fg_color(Some(AnsiColor::Yellow.into()));
            self.bar.suspend(|| eprintln!("{style}not delivered:{style:#} {letter}"));
        }
        buried.unwrap_or(Ok(()))
    }

    fn flush(&mut self) -> Result<(), Failure> {
        self.receipts.as_mut().map_or(Ok(()), Stdout::flush)
    }
}

impl Drop for Ledger {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

/// Resolves once nobody reads the receipts any more.
async fn is_gone(receipts: Option<&Stdout>) {
    match receipts {
        Some(receipts) => receipts.is_gone().await,
        None => pending().await,
    }
}
