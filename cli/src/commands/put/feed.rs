//! From the input to the sink.

use bytes::Bytes;
use headwater::batch::{Producer, Receipt};
use headwater::{Ack, ErrorKind, Headers, Message};
use tokio::sync::mpsc;

use crate::failure::Failure;
use crate::seeing::otlp;

use super::args::PutArgs;
use super::input::{Input, Piece};
use super::keys::Keys;
use super::letter::Letter;
use super::pace::Pace;

/// Reads messages, gives them their keys and puts them, at the pace that was asked for.
pub(super) struct Feed {
    input: Input,
    keys: Keys,
    pace: Option<Pace>,
    producer: Producer<Bytes>,
    /// Of every message: the trace that this run is.
    headers: Headers,
    done: u64,
}

/// A message that the sink has, or does not take.
pub(super) enum Sent {
    Accepted { line: Option<u64>, receipt: Receipt },
    Refused(Letter),
}

/// How much of the input was put.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ended {
    /// All of it.
    Whole,
    /// No more than so many messages.
    After(u64),
}

impl Feed {
    /// Of what the flags ask for.
    pub(super) fn new(args: &PutArgs, input: Input, producer: Producer<Bytes>) -> Self {
        let codec = args.codec.codec();
        let headers = otlp::outgoing(&**codec.framing());
        Self { input, keys: Keys::of(args), pace: args.rate, producer, headers, done: 0 }
    }

    /// How many messages the sink has or refused.
    pub(super) fn done(&self) -> u64 {
        self.done
    }

    /// Puts messages until the input ends, the sink does, or nobody takes what came of them.
    ///
    /// # Cancel safety
    ///
    /// A call that is dropped has put what [`done`](Self::done) says, and no part of the message that was in its hands.
    pub(super) async fn run(&mut self, tx: &mpsc::Sender<Sent>) -> Result<Ended, Failure> {
        while let Some(piece) = self.input.next().await? {
            if let Some(pace) = &mut self.pace {
                pace.turn().await;
            }
            // Before the message is put, so that one that is put is never without its receipt.
            let Ok(place) = tx.reserve().await else { return Ok(Ended::After(self.done)) };
            let (sent, goes_on) = self.put(piece).await;
            place.send(sent);
            self.done += 1;
            if !goes_on {
                return Ok(Ended::After(self.done));
            }
        }
        Ok(Ended::Whole)
    }

    /// Puts one message, and tells whether the sink takes more.
    async fn put(&self, piece: Piece) -> (Sent, bool) {
        let line = piece.line;
        let payload = match piece.payload {
            Ok(payload) => payload,
            Err(too_long) => return (Sent::Refused(Letter::unread(line, too_long.told())), true),
        };
        let key = match self.keys.of_message(&payload) {
            Ok(key) => key,
            Err(why) => {
                return (Sent::Refused(Letter::refused(line, None, payload, why)), true);
            }
        };
        let headers = self.headers.clone();
        let message = Message::from_parts(payload.clone(), key.clone(), headers, None, Ack::none());
        match self.producer.put(message).await {
            Ok(receipt) => (Sent::Accepted { line, receipt }, true),
            Err(error) => {
                let goes_on = error.kind() != ErrorKind::Closed;
                let letter = Letter::refused(line, key.as_ref(), payload, error.to_string());
                (Sent::Refused(letter), goes_on)
            }
        }
    }
}
