//! The registered consumer, and who looks for it.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_sdk_kinesis::types::ConsumerStatus;
use headwater::{Error, ErrorKind, Result};
use tokio::sync::watch;
use tokio::time::{Instant, sleep};

use super::connections::Connections;
use crate::source::polling::Polling;

/// The first pause between two looks at a consumer that is on its way, and before one that was lost is looked for. Each
/// further one doubles: DescribeStreamConsumer allows 20 calls a second and account.
const FIRST_LOOK: Duration = Duration::from_secs(1);
/// The longest such pause, and how long a consumer has to be ACTIVE until the next loss is the first one again.
const LONGEST_LOOK: Duration = Duration::from_mins(1);
/// The pause where only somebody else can make room: the stream has all the consumers that it may.
const RETRY: Duration = Duration::from_mins(3);

/// The consumer of one stream that its shards are pushed to, shared by all of them.
#[derive(Debug)]
pub(in crate::source) struct Consumer {
    pub(super) polling: Arc<Polling>,
    pub(super) connections: Connections,
    name: String,
    stream_arn: String,
    state: watch::Sender<State>,
    /// The ARN as it was last seen.
    last_arn: Mutex<Option<Arc<str>>>,
    /// The ARN that this process registered and has not deregistered.
    registered: Mutex<Option<Arc<str>>>,
    shards: AtomicUsize,
    subscribed: AtomicUsize,
}

/// What shards do about it.
#[derive(Clone, Debug)]
pub(super) enum State {
    /// It is not there or not ACTIVE yet: they poll.
    Awaited,
    /// They subscribe.
    Active(Arc<str>),
    /// They fail.
    Failed(Arc<Error>),
    /// It was deregistered here: they poll for good.
    Closed,
}

/// What was found.
#[derive(Debug)]
enum Found {
    Active(Arc<str>),
    /// It is CREATING or DELETING, somebody else is about to register it, or it could not be seen.
    OnItsWay,
    /// The stream has as many as it may.
    Nothing,
}

impl Consumer {
    pub(in crate::source) fn new(polling: Arc<Polling>, name: String, stream_arn: String) -> Self {
        Self {
            connections: Connections::new(Arc::clone(&polling.api)),
            polling,
            name,
            stream_arn,
            state: watch::Sender::new(State::Awaited),
            last_arn: Mutex::default(),
            registered: Mutex::default(),
            shards: AtomicUsize::new(0),
            subscribed: AtomicUsize::new(0),
        }
    }

    /// Finds the consumer or registers it, and goes on looking for it where that is of use. The first look is taken
    /// before this returns; the task that is returned takes the others, and never ends otherwise than by being dropped,
    /// by a fatal error, or with the consumer.
    ///
    /// # Errors
    ///
    /// What no second look would change: `AccessDenied`, `Invalid`.
    pub(in crate::source) async fn connect(
        self: &Arc<Self>,
    ) -> Result<impl Future<Output = ()> + Send + 'static> {
        let mut pause = FIRST_LOOK;
        let mut wait = self.look(&mut pause).await?;
        let consumer = Arc::clone(self);
        Ok(async move {
            loop {
                match wait {
                    Some(wait) => sleep(wait.mul_f64(0.75 + fastrand::f64() / 2.0)).await,
                    None => consumer.lost(&mut pause).await,
                }
                if consumer.is_closed() {
                    return;
                }
                wait = match consumer.look(&mut pause).await {
                    Ok(wait) => wait,
                    Err(error) => return consumer.set(State::Failed(Arc::new(error))),
                };
            }
        })
    }

    /// Waits until an ACTIVE consumer is reported lost.
    async fn lost(&self, pause: &mut Duration) {
        let active = Instant::now();
        let mut state = self.state.subscribe();
        // The sender is a field of this: it outlives the receiver.
        let _ = state.wait_for(|state| !matches!(state, State::Active(_))).await;
        if active.elapsed() >= LONGEST_LOOK {
            *pause = FIRST_LOOK;
        }
        sleep(*pause).await;
        *pause = (*pause * 2).min(LONGEST_LOOK);
    }

    /// Takes one look, and returns how long to wait for the next: `None` until the consumer is lost.
    async fn look(&self, pause: &mut Duration) -> Result<Option<Duration>> {
        match self.find_or_register().await? {
            Found::Active(arn) => {
                self.set(State::Active(arn));
                Ok(None)
            }
            Found::OnItsWay => {
                let wait = *pause;
                *pause = (*pause * 2).min(LONGEST_LOOK);
                Ok(Some(wait))
            }
            Found::Nothing => Ok(Some(RETRY)),
        }
    }

    async fn find_or_register(&self) -> Result<Found> {
        let Polling { api, meters, .. } = &*self.polling;
        let describe = api.describe_stream_consumer(&self.stream_arn, &self.name);
        match meters.describe_stream_consumer.make(None, describe).await {
            Ok(described) => {
                let arn = self.see(described.consumer_arn);
                let is_active = described.consumer_status == ConsumerStatus::Active;
                return Ok(if is_active { Found::Active(arn) } else { Found::OnItsWay });
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return self.bear(error, Found::OnItsWay),
        }
        let register = api.register_stream_consumer(&self.stream_arn, &self.name);
        let consumer = match meters.register_stream_consumer.make(None, register).await {
            Ok(consumer) => consumer,
            Err(error) if error.kind() == ErrorKind::Throttled => return self.bear(error, Found::Nothing),
            Err(error) => return self.bear(error, Found::OnItsWay),
        };
        let arn = self.see(consumer.consumer_arn);
        tracing::info!(stream = self.stream(), consumer = &*arn, "consumer registered");
        *self.registered.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&arn));
        if self.is_closed() {
            // It was deregistered here while the call was under way.
            self.deregister().await?;
        }
        let is_active = consumer.consumer_status == ConsumerStatus::Active;
        Ok(if is_active { Found::Active(arn) } else { Found::OnItsWay })
    }

    /// Goes on by polling, unless no other look would help. Where the stream itself is gone polling finds out.
    fn bear(&self, error: Error, found: Found) -> Result<Found> {
        if matches!(error.kind(), ErrorKind::AccessDenied | ErrorKind::Invalid) {
            return Err(error);
        }
        tracing::warn!(stream = self.stream(), consumer = self.name, %error, "no fan-out for now; polling");
        Ok(found)
    }

    pub(super) async fn deregister(&self) -> Result<bool> {
        let registered = self.registered.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let Some(arn) = registered else { return Ok(false) };
        self.state.send_replace(State::Closed);
        let deregistered = match self.polling.api.deregister_stream_consumer(&arn).await {
            Ok(()) => true,
            Err(error) if error.kind() == ErrorKind::NotFound => false,
            Err(error) => return Err(error),
        };
        self.registered.lock().unwrap_or_else(PoisonError::into_inner).take();
        Ok(deregistered)
    }

    /// A shard was told that there is no such consumer.
    pub(super) fn lose(&self, arn: &Arc<str>) {
        self.state.send_if_modified(|state| {
            let is_it = matches!(state, State::Active(active) if active == arn);
            if is_it {
                *state = State::Awaited;
            }
            is_it
        });
    }

    /// Sets the state, unless it is one that stays.
    fn set(&self, new: State) {
        self.state.send_if_modified(|state| {
            let passes = !matches!(state, State::Closed);
            if passes {
                *state = new;
            }
            passes
        });
    }

    fn see(&self, arn: String) -> Arc<str> {
        let arn: Arc<str> = arn.into();
        *self.last_arn.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&arn));
        arn
    }

    fn is_closed(&self) -> bool {
        matches!(*self.state.borrow(), State::Closed)
    }

    pub(super) fn watch(&self) -> watch::Receiver<State> {
        self.state.subscribe()
    }

    pub(super) fn stream(&self) -> &str {
        self.polling.api.stream.name()
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn last_arn(&self) -> Option<String> {
        let arn = self.last_arn.lock().unwrap_or_else(PoisonError::into_inner);
        arn.as_deref().map(str::to_owned)
    }

    /// A shard is read from now on, or no more.
    pub(super) fn reads(&self, change: isize) {
        self.shards.fetch_add(change.cast_unsigned(), Ordering::Relaxed);
    }

    /// A subscription begins or ends.
    pub(super) fn subscribed(&self, change: isize) {
        self.subscribed.fetch_add(change.cast_unsigned(), Ordering::Relaxed);
        self.polling.meters.subscriptions.increment(change as f64);
    }

    pub(super) fn subscribed_shards(&self) -> usize {
        self.subscribed.load(Ordering::Relaxed)
    }

    pub(super) fn polled_shards(&self) -> usize {
        self.shards.load(Ordering::Relaxed).saturating_sub(self.subscribed_shards())
    }
}
