//! What a user can ask of a source while it reads.

use tokio::sync::oneshot;

use crate::source::handles::seek::Seek;
use crate::source::{Control, ReadFrom};
use crate::{Error, ErrorKind, Position, Result, ShardId};

impl Control {
    /// Waits until everything was handed out that was in the stream when the source connected, as far as this worker
    /// reads it: the start of the live tail. Time is compared as in [`Until::Tip`](crate::source::Until::Tip).
    ///
    /// # Errors
    ///
    /// The error that ended the source, if it ends before.
    ///
    /// # Cancel safety
    ///
    /// May be dropped and called again.
    ///
    /// # Example
    ///
    /// ```
    /// use futures::{StreamExt, TryStreamExt};
    /// use headwater::{MemoryStream, Message};
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> headwater::Result<()> {
    /// # let stream = MemoryStream::new("orders", 1);
    /// # stream.put("customer-7", "an order");
    /// let source = stream.source().await?;
    /// let control = source.control();
    /// tokio::spawn(source.map_ok(Message::ack).for_each(|_| async {}));
    /// control.caught_up().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn caught_up(&self) -> Result<()> {
        let mut caught_up = self.shared.caught_up.subscribe();
        tokio::select! {
            biased;
            _ = caught_up.wait_for(|caught_up| *caught_up) => Ok(()),
            outcome = self.finished() => outcome.and_then(|()| {
                Err(Error::new(ErrorKind::Closed, "wait for a source to catch up: it has ended"))
            }),
        }
    }

    /// Holds one shard back: once this returns, none of its messages is handed out, and no more of it is fetched, until
    /// [`resume`](Self::resume). Its lease is kept, and acks of what is out still count.
    ///
    /// # Errors
    ///
    /// `Invalid` if the stream has no such shard.
    ///
    /// # Example
    ///
    /// ```
    /// use futures::TryStreamExt;
    /// use headwater::MemoryStream;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> headwater::Result<()> {
    /// # let stream = MemoryStream::new("orders", 2);
    /// # let key = |shard: usize| {
    /// #     let probe = MemoryStream::new("probe", 2);
    /// #     (0..).map(|n| n.to_string()).find(|n| probe.put(n.as_str(), "").shard == probe.open_shards()[shard])
    /// # };
    /// let held_back = stream.put(key(0).unwrap(), "first").shard;
    /// stream.put(key(1).unwrap(), "second");
    ///
    /// let mut source = stream.source().await?;
    /// let control = source.control();
    /// control.pause(&held_back)?;
    /// let message = source.try_next().await?.expect("the other shard goes on");
    /// assert_eq!(message.payload(), "second");
    /// # message.ack();
    ///
    /// control.resume(&held_back)?;
    /// let message = source.try_next().await?.expect("it was kept");
    /// assert_eq!(message.payload(), "first");
    /// # message.ack();
    /// # Ok(())
    /// # }
    /// ```
    pub fn pause(&self, shard: &ShardId) -> Result<()> {
        self.check_known("pause", shard)?;
        self.gates().of(shard).close();
        Ok(())
    }

    /// Lets one shard go on.
    ///
    /// # Errors
    ///
    /// `Invalid` if the stream has no such shard.
    pub fn resume(&self, shard: &ShardId) -> Result<()> {
        self.check_known("resume", shard)?;
        self.gates().of(shard).open();
        self.shared.stream.wake();
        Ok(())
    }

    /// Holds every shard back, those that are yet to come too.
    pub fn pause_all(&self) {
        self.gates().pause_all();
    }

    /// Lets every shard go on.
    pub fn resume_all(&self) {
        self.gates().resume_all();
        self.shared.stream.wake();
    }

    /// Reads one shard from somewhere else. Once this returns, nothing fetched before is handed out, and acks of what
    /// was handed out before have no effect. A record named by [`ReadFrom::Sequence`] is read, as is the rest of the
    /// aggregate after a [`Position::After`] with a sub-sequence number.
    ///
    /// The stored checkpoint never moves backwards: after a seek back it stays where it is until reading has passed it,
    /// and a restart goes on there. After a seek forward it follows with the first ack; what was passed over counts as
    /// done.
    ///
    /// # Errors
    ///
    /// `Invalid` for a position that cannot be read from; `NotFound` if this worker does not read the shard; `Closed` if
    /// the source has ended, or was to end by itself and has read everything.
    ///
    /// # Cancel safety
    ///
    /// If dropped, the seek may take place or not.
    ///
    /// # Example
    ///
    /// ```
    /// use futures::TryStreamExt;
    /// use headwater::source::ReadFrom;
    /// use headwater::{MemoryStream, Position};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> headwater::Result<()> {
    /// # let stream = MemoryStream::new("orders", 1);
    /// let first = stream.put("customer-7", "first");
    /// stream.put("customer-7", "second");
    ///
    /// let mut source = stream.source().await?;
    /// source.try_next().await?.expect("two were put").ack();
    /// source.control().seek(&first.shard, ReadFrom::Position(Position::Beginning)).await?;
    /// let again = source.try_next().await?.expect("it starts anew");
    /// assert_eq!(again.payload(), "first");
    /// # again.ack();
    /// # Ok(())
    /// # }
    /// ```
    pub async fn seek(&self, shard: &ShardId, to: ReadFrom) -> Result<()> {
        self.check_known("seek", shard)?;
        self.ask(Some(shard.clone()), to).await
    }

    /// Reads every shard that this worker reads from somewhere else, as [`seek`](Self::seek) does: mostly a time, or the
    /// beginning. Shards whose end is stored stay finished, and a child waits for its parents as ever.
    ///
    /// # Errors
    ///
    /// `Invalid` for a position that cannot be read from, or one inside a single shard; `Closed` as in [`seek`](Self::seek).
    ///
    /// # Cancel safety
    ///
    /// If dropped, the seek may take place or not.
    pub async fn seek_all(&self, to: Position) -> Result<()> {
        if matches!(to, Position::After { .. }) {
            let context =
                format!("seek every shard to {to}: a sequence number belongs to one shard; seek that");
            return Err(Error::new(ErrorKind::Invalid, context));
        }
        self.ask(None, ReadFrom::Position(to)).await
    }

    async fn ask(&self, shard: Option<ShardId>, to: ReadFrom) -> Result<()> {
        if to == ReadFrom::Position(Position::End) {
            let context =
                "seek to the end: nothing would be left to read; the latest record is as far as it goes";
            return Err(Error::new(ErrorKind::Invalid, context));
        }
        let ended = || Error::new(ErrorKind::Closed, "seek: the source has ended");
        let (done, answer) = oneshot::channel();
        self.shared.seeks.send(Seek { shard, to, done }).await.map_err(|_| ended())?;
        answer.await.map_err(|_| ended())?
    }

    fn check_known(&self, verb: &str, shard: &ShardId) -> Result<()> {
        if self.status().iter().any(|known| known.shard == *shard) {
            return Ok(());
        }
        let context =
            format!("{verb} {shard}: the stream has no such shard; status() lists those that it has");
        Err(Error::new(ErrorKind::Invalid, context))
    }
}
