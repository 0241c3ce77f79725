//! The decode stage: a stream of values behind a stream of bytes.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures::stream::FusedStream;
use futures::{Sink, Stream};
use metrics::counter;
use pin_project_lite::pin_project;

use crate::codec::codec::pair_name;
use crate::codec::outlet::Outlet;
use crate::codec::poison::Policy;
use crate::codec::record::{Element, Record};
use crate::codec::{Codec, Deserializer, Framing, Poison, PoisonCount};
use crate::message::describe;
use crate::per_stream::PerStream;
use crate::{Control, Error, ErrorKind, Message, Result, Source};

/// Adds [`decode`](Self::decode) to every stream of messages in bytes.
///
/// # Example
///
/// ```
/// use futures::TryStreamExt;
/// use headwater::MemoryStream;
/// use headwater::codec::{self, DecodeExt};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> headwater::Result<()> {
/// let stream = MemoryStream::new("numbers", 1);
/// stream.put("customer-7", "[1, 2]");
///
/// let mut numbers = stream.source().await?.decode(codec::json_list::<u32>());
/// let first = numbers.try_next().await?.expect("two were put");
/// assert_eq!(*first.payload(), 1);
/// # Ok(())
/// # }
/// ```
pub trait DecodeExt: Stream<Item = Result<Message<Bytes>>> + Sized {
    /// Takes records apart and turns their bytes into values.
    ///
    /// # Example
    ///
    /// ```
    /// use futures::{TryStreamExt, stream};
    /// use headwater::Message;
    /// use headwater::codec::{self, DecodeExt};
    ///
    /// # futures::executor::block_on(async {
    /// let records = stream::iter([Ok(Message::keyed("1\n2\n".into(), "customer-7"))]);
    /// let numbers: Vec<_> = records.decode(codec::json_lines::<u32>()).try_collect().await?;
    /// assert_eq!(*numbers[1].payload(), 2);
    /// assert_eq!(numbers[1].key().unwrap().partition_key(), "customer-7");
    /// # Ok::<(), headwater::Error>(())
    /// # }).unwrap();
    /// ```
    fn decode<T: 'static, S: Deserializer<T>>(self, codec: Codec<S>) -> Decode<Self, T> {
        let (framing, deserializer) = codec.into_parts();
        Decode {
            inner: self,
            name: pair_name(&*framing, deserializer.name()),
            framing,
            deserializer: Arc::new(deserializer),
            policy: Policy::Fail,
            count: PoisonCount::default(),
            told: 0,
            counters: PerStream::default(),
            record: None,
            state: State::Open,
        }
    }
}

impl<S: Stream<Item = Result<Message<Bytes>>>> DecodeExt for S {}

/// How many skipped pieces are warned of, each by itself: a stream of another codec has millions.
const WARNED: u64 = 20;

pin_project! {
    /// A stream of values, made by [`DecodeExt::decode`].
    ///
    /// A record that holds many messages gives them one by one. Each has the record's origin and its own key, where
    /// the framing carries keys, or the record's. They share the record's debt: it is acked when all of them are, and
    /// at once when it holds none. Values are decoded when they are asked for, so that one record is in pieces at a
    /// time. What a source has deaggregated is not deaggregated again.
    ///
    /// # Poison
    ///
    /// Bytes that cannot be decoded are *poison*. By default they end the stream with an error;
    /// [`on_poison`](Self::on_poison) and [`divert`](Self::divert) choose otherwise, and then the other messages of
    /// the same record arrive, once. Where a record is damaged so that the rest of it cannot be taken apart, that
    /// rest is one piece of poison. By default nothing is acked past it: the messages of the record that came
    /// before it were handed out, and come again after a restart, since their record is not done.
    ///
    /// The counter `headwater_poison_total`, labelled with `stream` and `policy` (`fail`, `skip` or `divert`), counts
    /// every piece, as [`poison_count`](Self::poison_count) does. What [`Poison::Skip`] leaves out is warned of with its
    /// place: the first twenty pieces, and from there on each time that there are twice as many. Messages without an origin count under the empty
    /// stream.
    ///
    /// # Errors
    ///
    /// `Decode`, naming stream, shard, position, codec and cause, under [`Poison::Fail`]; the stream ends after it.
    /// An error of the divert sink ends the stream too. Errors of the inner stream are passed on.
    ///
    /// # Example
    ///
    /// A record is done when all of its messages are:
    ///
    /// ```
    /// use futures::{TryStreamExt, stream};
    /// use headwater::codec::{self, DecodeExt};
    /// # use headwater::checkpoint::Tracker;
    /// # use headwater::{Headers, Message, Position};
    ///
    /// # futures::executor::block_on(async {
    /// # let tracker = Tracker::new();
    /// # let ack = tracker.open([(Position::Beginning, None)]).next().unwrap();
    /// # let record = Message::from_parts("1\n2\n".into(), None, Headers::new(), None, ack);
    /// let mut numbers = stream::iter([Ok(record)]).decode(codec::json_lines::<u32>());
    /// numbers.try_next().await?.unwrap().ack();
    /// assert!(tracker.watermark().is_none(), "the second is not acked");
    /// numbers.try_next().await?.unwrap().ack();
    /// assert!(tracker.watermark().is_some());
    /// # Ok::<(), headwater::Error>(())
    /// # }).unwrap();
    /// ```
    #[must_use = "streams do nothing unless polled"]
    pub struct Decode<S, T> {
        #[pin]
        inner: S,
        framing: Arc<dyn Framing>,
        deserializer: Arc<dyn Deserializer<T>>,
        name: String,
        policy: Policy,
        count: PoisonCount,
        // The count at the last warning.
        told: u64,
        counters: PerStream,
        record: Option<Record>,
        state: State,
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Open,
    /// The inner stream has ended, and the divert sink is being closed.
    Closing,
    Ended,
}

impl<S: Source, T> Decode<S, T> {
    /// Returns the source's handle, which survives `forward`.
    pub fn control(&self) -> Control {
        self.inner.control()
    }
}

impl<S, T> Decode<S, T> {
    /// Sets what becomes of messages that cannot be decoded. Default: [`Poison::Fail`].
    pub fn on_poison(mut self, poison: Poison) -> Self {
        self.policy = poison.into();
        self
    }

    /// Sends messages that cannot be decoded to `sink`: their raw bytes, without framing, with key, origin and ack.
    /// They are done when that sink acks them.
    ///
    /// The stage drives the sink: it is polled with every poll while it holds anything, flushed when the stream is
    /// idle, and closed before the stream ends. While it has no room nothing more is decoded. When the inner stream
    /// fails, or the stage is dropped, it is not closed.
    ///
    /// # Errors
    ///
    /// An error of the sink ends the stream with that error.
    ///
    /// # Example
    ///
    /// ```
    /// use futures::channel::mpsc;
    /// use futures::{SinkExt, StreamExt, TryStreamExt, stream};
    /// use headwater::codec::{self, DecodeExt};
    /// use headwater::{Error, ErrorKind, Message};
    ///
    /// # futures::executor::block_on(async {
    /// let (dead_letters, letters) = mpsc::channel(16);
    /// let dead_letters = dead_letters.sink_map_err(|_| Error::new(ErrorKind::Closed, "dead letters"));
    ///
    /// let records = stream::iter([Ok(Message::new("1\none\n2\n".into()))]);
    /// let numbers = records.decode(codec::json_lines::<u32>()).divert(dead_letters);
    /// let numbers: Vec<_> = numbers.map_ok(|message| *message.payload()).try_collect().await?;
    /// assert_eq!(numbers, [1, 2]);
    ///
    /// let letters: Vec<_> = letters.collect().await;
    /// assert_eq!(letters[0].payload(), "one");
    /// # Ok::<(), headwater::Error>(())
    /// # }).unwrap();
    /// ```
    pub fn divert(mut self, sink: impl Sink<Message<Bytes>, Error = Error> + Send + 'static) -> Self {
        self.policy = Policy::Divert(Outlet::new(sink));
        self
    }

    /// Returns the count of messages that could not be decoded, whatever became of them.
    pub fn poison_count(&self) -> PoisonCount {
        self.count.clone()
    }

    /// Returns the stream of bytes.
    pub fn get_ref(&self) -> &S {
        &self.inner
    }

    /// Returns the stream of bytes. Messages taken from it directly are not decoded.
    pub fn get_mut(&mut self) -> &mut S {
        &mut self.inner
    }

    /// Takes the stream of bytes out. The messages of a record that was handed out in part are abandoned.
    pub fn into_inner(self) -> S {
        self.inner
    }
}

impl<S: Stream<Item = Result<Message<Bytes>>>, T: 'static> Stream for Decode<S, T> {
    type Item = Result<Message<T>>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.state == State::Ended {
            return Poll::Ready(None);
        }
        let next = match self.as_mut().project().policy.drive(cx) {
            Ok(()) => ready!(self.as_mut().poll_decoded(cx)),
            Err(error) => Step::Fatal(error),
        };
        Poll::Ready(match next {
            Step::Yield(item) => Some(item),
            Step::Fatal(error) => {
                self.end();
                Some(Err(error))
            }
            Step::End => {
                self.end();
                None
            }
        })
    }
}

impl<S: Stream<Item = Result<Message<Bytes>>>, T: 'static> FusedStream for Decode<S, T> {
    fn is_terminated(&self) -> bool {
        self.state == State::Ended
    }
}

/// What a poll came to.
enum Step<T> {
    Yield(Result<Message<T>>),
    /// An error that ends the stream.
    Fatal(Error),
    End,
}

impl<S: Stream<Item = Result<Message<Bytes>>>, T: 'static> Decode<S, T> {
    fn poll_decoded(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Step<T>> {
        loop {
            let this = self.as_mut().project();
            if let Err(error) = ready!(this.policy.poll_room(cx)) {
                return Poll::Ready(Step::Fatal(error));
            }
            if *this.state == State::Closing {
                let closed = ready!(this.policy.poll_close(cx));
                return Poll::Ready(closed.map_or_else(Step::Fatal, |()| Step::End));
            }
            if let Some(element) = this.record.as_mut().and_then(Record::next) {
                match self.as_mut().decode_element(element) {
                    Ok(Some(message)) => return Poll::Ready(Step::Yield(Ok(message))),
                    Ok(None) => continue,
                    Err(error) => return Poll::Ready(Step::Fatal(error)),
                }
            }
            *this.record = None;
            match this.inner.poll_next(cx) {
                Poll::Ready(Some(Ok(message))) => *this.record = Record::open(message, &**this.framing),
                Poll::Ready(Some(Err(error))) => return Poll::Ready(Step::Yield(Err(error))),
                Poll::Ready(None) => *this.state = State::Closing,
                Poll::Pending => {
                    return match this.policy.idle(cx) {
                        Ok(()) => Poll::Pending,
                        Err(error) => Poll::Ready(Step::Fatal(error)),
                    };
                }
            }
        }
    }

    /// Decodes one message, or settles it as the policy says.
    fn decode_element(self: Pin<&mut Self>, element: Element) -> Result<Option<Message<T>>> {
        let this = self.project();
        let Element { message, damage, index } = element;
        let decoded = match damage {
            None => this.deserializer.deserialize(message.payload()),
            Some(cause) => Err(cause),
        };
        let cause = match decoded {
            Ok(value) => return Ok(Some(message.map(|_| value))),
            Err(cause) => cause,
        };
        this.count.add_one();
        let policy = this.policy.name();
        let register = |stream| counter!("headwater_poison_total", "stream" => stream, "policy" => policy);
        this.counters.of(message.origin(), register).increment(1);
        let element = index.map(|index| format!(", element {index}")).unwrap_or_default();
        let context = format!("decode {}{element} as {}", describe(message.origin()), this.name);
        let error = Error::new(ErrorKind::Decode, context).caused_by(cause);
        match this.policy {
            Policy::Fail => return Err(error),
            Policy::Skip => {
                // A record of five hundred bad lines is one line in the log.
                if let Some(record) = this.record.as_mut().filter(|record| !record.warned) {
                    record.warned = true;
                    let messages = this.count.get();
                    if messages <= WARNED || messages >= 2 * *this.told {
                        *this.told = messages;
                        tracing::warn!(%error, messages, "skipped what could not be decoded");
                    }
                }
                message.ack();
            }
            Policy::Divert(outlet) => outlet.hold(message),
        }
        Ok(None)
    }

    /// Lets go of a record that was handed out in part, which abandons the rest of it.
    fn end(self: Pin<&mut Self>) {
        let this = self.project();
        *this.state = State::Ended;
        *this.record = None;
    }
}

impl<S: fmt::Debug, T> fmt::Debug for Decode<S, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Decode")
            .field("codec", &self.name)
            .field("stream", &self.inner)
            .finish_non_exhaustive()
    }
}
