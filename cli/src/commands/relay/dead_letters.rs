//! Where messages go that cannot be relayed.

use bytes::Bytes;
use futures::channel::mpsc::{self, Receiver, Sender};
use futures::{Sink, SinkExt as _, StreamExt as _};
use headwater::{Error, ErrorKind, Message, Result};
use tokio::task::JoinHandle;

use crate::commands::relay::letter::Letter;
use crate::commands::relay::letter_file::LetterFile;
use crate::connection::Connection;
use crate::failure::Failure;
use crate::place::Place;

/// How many letters wait to be written before who brings more waits too.
const WAITING: usize = 256;

/// Where messages go that cannot be relayed. Clones bring them to the same place.
#[derive(Clone, Debug)]
pub(super) struct DeadLetters {
    letters: Sender<Letter>,
}

/// The task that keeps them. It ends once nobody brings any more.
#[derive(Debug)]
pub(super) struct Keeper {
    task: JoinHandle<Result<u64, Failure>>,
}

impl DeadLetters {
    /// Opens a place.
    pub(super) async fn open(place: &Place, connection: &Connection) -> Result<(Self, Keeper), Failure> {
        let (sender, letters) = mpsc::channel(WAITING);
        let task = match place {
            Place::File(path) => tokio::spawn(LetterFile::open(path)?.take(letters)),
            Place::Stream(stream) => {
                let sink = connection.sink(stream).connect().await;
                let sink = sink.map_err(|error| Failure::from(error.during("open --dead-letter")))?;
                tokio::spawn(send(letters, sink))
            }
        };
        Ok((Self { letters: sender }, Keeper { task }))
    }

    /// Brings a message there, which is acked once it is durable.
    pub(super) async fn bury(&mut self, message: Message<Bytes>, reason: String) -> Result<()> {
        self.letters.send(Letter { message, reason }).await.map_err(gone)
    }

    /// The same as a sink, for those who do not know the reason.
    pub(super) fn sink(
        &self,
        reason: impl Fn(&Bytes) -> String + Send + 'static,
    ) -> impl Sink<Message<Bytes>, Error = Error> + Send + 'static {
        let letter = move |message: Message<Bytes>| {
            let reason = reason(message.payload());
            std::future::ready(Ok(Letter { message, reason }))
        };
        self.letters.clone().sink_map_err(gone).with(letter)
    }
}

impl Keeper {
    /// Waits for the last letter, and returns how many there were.
    pub(super) async fn finished(self) -> Result<u64, Failure> {
        self.task.await.unwrap_or_else(|error| Err(Failure::failed(format!("--dead-letter: {error}"))))
    }
}

async fn send(
    letters: Receiver<Letter>,
    sink: impl Sink<Message<Bytes>, Error = Error>,
) -> Result<u64, Failure> {
    let mut count = 0;
    let messages = letters.map(|letter| {
        count += 1;
        let json = Bytes::from(letter.to_json());
        Ok(letter.message.map(|_| json))
    });
    let sent = messages.forward(sink).await;
    sent.map_err(|error| Failure::from(error.during("write --dead-letter")))?;
    Ok(count)
}

/// The keeper failed; what it says is told in place of this.
fn gone(_: mpsc::SendError) -> Error {
    Error::new(ErrorKind::Closed, "bring a message to the dead letters: they take no more")
}
