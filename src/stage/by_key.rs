//! Messages under way: one at a time of each key, several keys at a time.

use std::collections::{HashMap, VecDeque};
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use pin_project_lite::pin_project;

use crate::{Key, Message, Origin};

/// How many messages may wait behind busy keys for each one that may be under way, unless the user says otherwise.
const WAITING_PER_SLOT: usize = 16;

/// Runs a function for messages.
pub(super) struct ByKey<T, F, Fut> {
    f: F,
    under_way: FuturesUnordered<UnderWay<Fut>>,
    /// The keys under way, each with the messages that wait for it.
    busy: HashMap<Key, VecDeque<Message<T>>>,
    /// How many messages wait, over all keys.
    waiting: usize,
    concurrency: usize,
    /// How many messages may wait.
    pub(super) window: usize,
}

/// What became of a message.
pub(super) struct Done<O> {
    pub(super) key: Option<Key>,
    pub(super) origin: Option<Origin>,
    pub(super) output: O,
}

impl<T, F, Fut> ByKey<T, F, Fut>
where
    F: FnMut(Message<T>) -> Fut,
    Fut: Future,
{
    pub(super) fn new(concurrency: usize, f: F) -> Self {
        assert!(concurrency > 0, "a concurrency of 0 would never take a message");
        let window = concurrency.saturating_mul(WAITING_PER_SLOT);
        let (under_way, busy) = (FuturesUnordered::new(), HashMap::new());
        Self { f, under_way, busy, waiting: 0, concurrency, window }
    }

    /// Tells whether another message may be taken, whatever its key.
    pub(super) fn has_room(&self) -> bool {
        self.under_way.len() < self.concurrency && self.waiting < self.window
    }

    /// Starts a message, or lets it wait while its key is under way.
    pub(super) fn take(&mut self, message: Message<T>) {
        if let Some(key) = message.key() {
            if let Some(queue) = self.busy.get_mut(key) {
                self.waiting += 1;
                return queue.push_back(message);
            }
            self.busy.insert(key.clone(), VecDeque::new());
        }
        self.start(message);
    }

    /// Returns the next message that is done, or `None` while none is under way. Its key stays busy.
    pub(super) fn poll_done(&mut self, cx: &mut Context<'_>) -> Poll<Option<Done<Fut::Output>>> {
        self.under_way.poll_next_unpin(cx)
    }

    /// Lets the next message of a key start.
    pub(super) fn release(&mut self, key: Option<&Key>) {
        let Some((key, queue)) = key.and_then(|key| self.busy.get_mut(key).map(|queue| (key, queue))) else {
            return;
        };
        if let Some(message) = queue.pop_front() {
            self.waiting -= 1;
            self.start(message);
        } else {
            self.busy.remove(key);
        }
    }

    /// Drops what waits.
    pub(super) fn abandon_waiting(&mut self) {
        self.busy.values_mut().for_each(VecDeque::clear);
        self.waiting = 0;
    }

    fn start(&mut self, message: Message<T>) {
        let (key, origin) = (message.key().cloned(), message.origin().cloned());
        self.under_way.push(UnderWay { future: (self.f)(message), key, origin });
    }
}

pin_project! {
    /// A future that remembers whose it is.
    struct UnderWay<Fut> {
        #[pin]
        future: Fut,
        key: Option<Key>,
        origin: Option<Origin>,
    }
}

impl<Fut: Future> Future for UnderWay<Fut> {
    type Output = Done<Fut::Output>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let output = ready!(this.future.poll(cx));
        Poll::Ready(Done { key: this.key.take(), origin: this.origin.take(), output })
    }
}
