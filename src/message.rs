//! What users see: a payload with its key, its headers, its origin and its debt.

use bytes::Bytes;

use crate::{Ack, BoxError, Error, ErrorKind, Headers, Key, Origin, Result};

/// A payload on its way through a pipeline, with its key, its headers, where it came from, and the debt to its source.
///
/// The debt is paid by [`ack`](Self::ack), which a sink calls when the message is stored. A message that is dropped
/// without it is *abandoned*: its source reports that, and its checkpoint never moves past. A clone shares the debt:
/// the source is told once every clone is acked.
///
/// # Example
///
/// ```
/// use headwater::Message;
///
/// let message = Message::keyed(21, "customer-7").map(|n| n * 2);
/// assert_eq!(*message.payload(), 42);
/// assert_eq!(message.key().unwrap().partition_key(), "customer-7");
/// message.ack();
/// ```
#[derive(Clone, Debug)]
#[must_use = "a message dropped without an ack is abandoned, which ends its source"]
pub struct Message<T> {
    payload: T,
    key: Option<Key>,
    headers: Headers,
    origin: Option<Origin>,
    ack: Ack,
}

// Messages are moved by every stage and from thread to thread. What is longer than two lines of cache is moved by calls of
// `memcpy`, which cost more than all else that a stage does.
const _: () = assert!(size_of::<Result<Message<Bytes>>>() <= 128);

impl<T> Message<T> {
    /// Creates a message without a key: a sink sends it wherever there is room.
    pub fn new(payload: T) -> Self {
        Self { payload, key: None, headers: Headers::new(), origin: None, ack: Ack::none() }
    }

    /// Creates a message with a key: messages of one key stay in order.
    pub fn keyed(payload: T, key: impl Into<Key>) -> Self {
        Self { key: Some(key.into()), ..Self::new(payload) }
    }

    /// Creates a message from its parts, as a source does.
    ///
    /// # Example
    ///
    /// A message as a source makes it, to test a stage that asks where it came from:
    ///
    /// ```
    /// use std::sync::Arc;
    ///
    /// use headwater::{Ack, FencingToken, Headers, Message, Origin, OriginShard};
    ///
    /// let shard = "shardId-000000000000".into();
    /// let shard = Arc::new(OriginShard { stream: "orders".into(), shard, fencing_token: FencingToken(1) });
    /// let origin = Origin::new(shard, "7".into(), None, None);
    /// let message = Message::from_parts("an order", Some("customer-7".into()), Headers::new(), Some(origin), Ack::none());
    /// assert_eq!(message.origin().unwrap().stream(), "orders");
    /// # message.ack();
    /// ```
    pub fn from_parts(
        payload: T,
        key: Option<Key>,
        headers: Headers,
        origin: Option<Origin>,
        ack: Ack,
    ) -> Self {
        Self { payload, key, headers, origin, ack }
    }

    /// Takes the message apart. Who takes the ack owes it.
    ///
    /// # Example
    ///
    /// A stage that waits for something between the two payloads:
    ///
    /// ```
    /// use headwater::{Message, Result};
    ///
    /// # async fn name_of(customer: u64) -> Result<String> { Ok(format!("customer {customer}")) }
    /// async fn enrich(order: Message<u64>) -> Result<Message<String>> {
    ///     let (customer, key, headers, origin, ack) = order.into_parts();
    ///     let name = name_of(customer).await?; // an error drops the ack, which abandons the order
    ///     Ok(Message::from_parts(name, key, headers, origin, ack))
    /// }
    /// # let named = futures::executor::block_on(enrich(Message::new(7)))?;
    /// # assert_eq!(named.payload(), "customer 7");
    /// # Ok::<(), headwater::Error>(())
    /// ```
    pub fn into_parts(self) -> (T, Option<Key>, Headers, Option<Origin>, Ack) {
        (self.payload, self.key, self.headers, self.origin, self.ack)
    }

    /// Returns the payload.
    pub fn payload(&self) -> &T {
        &self.payload
    }

    /// Returns the key.
    pub fn key(&self) -> Option<&Key> {
        self.key.as_ref()
    }

    /// Returns the headers.
    pub fn headers(&self) -> &Headers {
        &self.headers
    }

    /// Returns the value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)
    }

    /// Returns where the message came from; `None` for one that the user made.
    pub fn origin(&self) -> Option<&Origin> {
        self.origin.as_ref()
    }

    /// Replaces the key.
    ///
    /// # Example
    ///
    /// ```
    /// use headwater::Message;
    ///
    /// let order = Message::keyed("customer-7 owes 42", "order-1");
    /// let customer = order.payload().split(' ').next().unwrap();
    /// let order = order.rekey(customer);
    /// assert_eq!(order.key().unwrap().partition_key(), "customer-7");
    /// # order.ack();
    /// ```
    pub fn rekey(mut self, key: impl Into<Key>) -> Self {
        self.key = Some(key.into());
        self
    }

    /// Replaces the headers.
    ///
    /// # Example
    ///
    /// ```
    /// use headwater::Message;
    ///
    /// let order = Message::keyed("an order", "customer-7");
    /// let mut headers = order.headers().clone();
    /// headers.insert("tenant", "north")?;
    /// let order = order.rehead(headers);
    /// assert_eq!(order.header("tenant"), Some("north"));
    /// # order.ack();
    /// # Ok::<(), headwater::Error>(())
    /// ```
    pub fn rehead(mut self, headers: Headers) -> Self {
        self.headers = headers;
        self
    }

    /// Turns the payload into another, keeping key, headers, origin and debt.
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Message<U> {
        let (payload, key, headers, origin, ack) = self.into_parts();
        Message { payload: f(payload), key, headers, origin, ack }
    }

    /// Turns the payload into another, or fails.
    ///
    /// # Errors
    ///
    /// `Stage`, naming where the message came from, with the function's own error as its cause. The message is
    /// abandoned then, so no checkpoint moves past it.
    ///
    /// # Example
    ///
    /// ```
    /// use headwater::Message;
    ///
    /// let number = Message::new("42").try_map(str::parse::<u32>)?;
    /// assert_eq!(*number.payload(), 42);
    /// assert!(Message::new("x").try_map(str::parse::<u32>).is_err());
    /// # Ok::<(), headwater::Error>(())
    /// ```
    pub fn try_map<U, E: Into<BoxError>>(self, f: impl FnOnce(T) -> Result<U, E>) -> Result<Message<U>> {
        let (payload, key, headers, origin, ack) = self.into_parts();
        match f(payload) {
            Ok(payload) => Ok(Message { payload, key, headers, origin, ack }),
            Err(error) => {
                let context = format!("map {}", describe(origin.as_ref()));
                Err(Error::new(ErrorKind::Stage, context).caused_by(error))
            }
        }
    }

    /// Keeps the message if the predicate holds, and acks it if not: what was left out on purpose is done.
    ///
    /// # Example
    ///
    /// ```
    /// use futures::StreamExt;
    /// use headwater::Message;
    ///
    /// # let numbers = futures::stream::iter((1..=4).map(Message::new));
    /// let even = numbers.filter_map(|message| async { message.filter(|n| n % 2 == 0) });
    /// # let even = futures::executor::block_on(even.map(|m| *m.payload()).collect::<Vec<_>>());
    /// # assert_eq!(even, [2, 4]);
    /// ```
    pub fn filter(self, predicate: impl FnOnce(&T) -> bool) -> Option<Self> {
        if predicate(&self.payload) {
            Some(self)
        } else {
            self.ack.ack();
            None
        }
    }

    /// Makes any number of messages from one, all with its key, headers and origin. The debt is paid when each of them
    /// is acked, or at once when there are none.
    ///
    /// # Example
    ///
    /// ```
    /// use headwater::Message;
    ///
    /// let words = Message::keyed("to be or", "hamlet").explode(|line| line.split(' '));
    /// assert_eq!(words.len(), 3);
    /// assert_eq!(*words[1].payload(), "be");
    /// # words.into_iter().for_each(Message::ack);
    /// ```
    pub fn explode<U, I: IntoIterator<Item = U>>(self, f: impl FnOnce(T) -> I) -> Vec<Message<U>> {
        let (payload, key, headers, origin, ack) = self.into_parts();
        let part = |payload| Message {
            payload,
            key: key.clone(),
            headers: headers.clone(),
            origin: origin.clone(),
            ack: ack.clone(),
        };
        let parts: Vec<_> = f(payload).into_iter().map(part).collect();
        // The clones hold the debt now. The original's share is done, and with no parts all of it.
        ack.ack();
        parts
    }

    /// Says that the message is done, and gives the payload back.
    pub fn ack(self) {
        self.ack.ack();
    }
}

impl Message<Bytes> {
    /// Takes the payload out, which [`put_payload`](Self::put_payload) puts back.
    pub(crate) fn take_payload(&mut self) -> Bytes {
        std::mem::take(&mut self.payload)
    }

    pub(crate) fn put_payload(&mut self, payload: Bytes) {
        self.payload = payload;
    }

    /// Forgets all but the debt, which it returns.
    pub(crate) fn clear(&mut self) -> Ack {
        self.payload = Bytes::new();
        self.key = None;
        self.headers = Headers::new();
        self.origin = None;
        std::mem::take(&mut self.ack)
    }

    /// Returns the bytes that the message takes in a record: its payload, its partition key, and its headers, for which
    /// not every framing has room.
    pub fn wire_len(&self) -> usize {
        let key_len = self.key.as_ref().map_or(0, |key| key.partition_key().len());
        self.payload.len() + key_len + self.headers.bytes()
    }
}

/// Names a message by its origin, for errors.
pub(crate) fn describe(origin: Option<&Origin>) -> String {
    match origin {
        Some(origin) => {
            format!("message of \"{}\" {} at {}", origin.stream(), origin.shard(), origin.position())
        }
        None => "message".to_owned(),
    }
}
