//! An account: its streams by name.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use super::{Clock, End, Phase, Stream, StreamSettings, Timestamp};
use crate::error::{Error, ErrorCode};
use crate::limits;
use crate::settings::Settings;

/// How a request names its stream: by name, by ARN, or both.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StreamRef<'a> {
    pub(crate) name: Option<&'a str>,
    pub(crate) arn: Option<&'a str>,
}

/// The streams of the one account in the one region that an endpoint serves.
#[derive(Debug)]
pub(crate) struct Account {
    pub(crate) settings: Settings,
    pub(crate) clock: Clock,
    streams: RwLock<BTreeMap<String, Arc<Stream>>>,
    generations: AtomicU64,
    /// Rises when all iterators expire at once; an iterator carries the value of its time.
    iterator_epoch: AtomicU32,
}

impl Account {
    pub(crate) fn new(settings: Settings) -> Self {
        Self {
            settings,
            clock: Clock::start(),
            streams: RwLock::default(),
            generations: AtomicU64::new(0),
            iterator_epoch: AtomicU32::new(0),
        }
    }

    pub(crate) fn id(&self) -> &str {
        &self.settings.account_id
    }

    pub(crate) fn iterator_epoch(&self) -> u32 {
        self.iterator_epoch.load(Ordering::Acquire)
    }

    pub(crate) fn expire_iterators(&self) {
        self.iterator_epoch.fetch_add(1, Ordering::AcqRel);
    }

    /// Creates a stream, which is there for everyone after `delay`.
    pub(crate) fn create(
        &self,
        name: &str,
        settings: StreamSettings,
        now: Timestamp,
        delay: u64,
    ) -> Result<(), Error> {
        check_name(name)?;
        let mut streams = self.streams_mut();
        sweep(&mut streams, now);
        if streams.contains_key(name) {
            let message = format!("Stream {name} under account {} already exists.", self.id());
            return Err(Error::new(ErrorCode::ResourceInUse, message));
        }
        let open: usize = streams.values().map(|stream| stream.state(now).topology.open().len()).sum();
        self.check_shard_limit(open, settings.shards)?;
        let generation = self.generations.fetch_add(1, Ordering::Relaxed);
        let stream = Stream::create(name.to_owned(), self.arn_of(name), generation, settings, now, delay);
        streams.insert(name.to_owned(), Arc::new(stream));
        Ok(())
    }

    /// Marks a stream as being deleted; it is gone after `delay`, its subscriptions at once. One that has
    /// consumers goes only `with_consumers`.
    pub(crate) fn delete(
        &self,
        stream: StreamRef<'_>,
        with_consumers: bool,
        now: Timestamp,
        delay: u64,
    ) -> Result<(), Error> {
        let stream = self.find(stream, now)?;
        {
            let mut state = stream.state_mut(now);
            if state.consumers.len() > 0 && !with_consumers {
                let message = format!(
                    "Stream {} under account {} has registered consumers. Deregister them or set \
                     EnforceConsumerDeletion.",
                    stream.name,
                    self.id()
                );
                return Err(Error::new(ErrorCode::ResourceInUse, message));
            }
            state.consumers.end_subscriptions(End::StreamDeleted);
            if !matches!(state.phase, Phase::Deleting { .. }) {
                state.phase = Phase::Deleting { until: now + delay };
            }
        }
        sweep(&mut self.streams_mut(), now);
        Ok(())
    }

    /// Finds a stream in whatever state it is.
    pub(crate) fn find(&self, stream: StreamRef<'_>, now: Timestamp) -> Result<Arc<Stream>, Error> {
        let name = self.resolve(stream)?;
        let found = self.streams().get(name).cloned();
        let found = found.filter(|stream| !is_gone(stream, now));
        found.ok_or_else(|| Error::not_found(format!("Stream {name} under account {} not found.", self.id())))
    }

    /// Finds a stream that can be written and read; to others AWS says that there is no such stream.
    pub(crate) fn find_serving(&self, stream: StreamRef<'_>, now: Timestamp) -> Result<Arc<Stream>, Error> {
        let stream = self.find(stream, now)?;
        if stream.state(now).phase.serves() { Ok(stream) } else { Err(stream.not_found(self.id())) }
    }

    /// Returns every stream, in the order of their names.
    pub(crate) fn list(&self, now: Timestamp) -> Vec<Arc<Stream>> {
        let mut streams = self.streams_mut();
        sweep(&mut streams, now);
        streams.values().cloned().collect()
    }

    pub(crate) fn check_shard_limit(&self, open: usize, more: usize) -> Result<(), Error> {
        let limit = self.settings.shard_limit;
        if open + more <= limit {
            return Ok(());
        }
        let message = format!(
            "This request would exceed the shard limit for the account {} in {}. Current shard count for the \
             account: {open}. Limit: {limit}. Number of additional shards that would have resulted from this \
             request: {more}.",
            self.id(),
            self.settings.region,
        );
        Err(Error::new(ErrorCode::LimitExceeded, message))
    }

    /// Turns either way of naming a stream into its name. An ARN of elsewhere names no stream of this
    /// account.
    pub(crate) fn resolve<'a>(&self, stream: StreamRef<'a>) -> Result<&'a str, Error> {
        if let Some(name) = stream.name {
            check_name(name)?;
        }
        let Some(arn) = stream.arn else {
            return stream
                .name
                .ok_or_else(|| Error::invalid_argument("Either StreamName or StreamARN must be provided."));
        };
        let Some((prefix, name)) = arn.split_once(":stream/") else {
            let rule = r"satisfy regular expression pattern: arn:aws.*:kinesis:.*:\d{12}:stream/\S+";
            return Err(Error::constraint(Some(arn), "streamARN", rule));
        };
        if prefix != self.arn_prefix() {
            return Err(Error::not_found(format!("Stream {arn} under account {} not found.", self.id())));
        }
        if stream.name.is_some_and(|other| other != name) {
            return Err(Error::invalid_argument("StreamName and StreamARN name two streams."));
        }
        Ok(name)
    }

    fn arn_prefix(&self) -> String {
        format!("arn:aws:kinesis:{}:{}", self.settings.region, self.id())
    }

    fn arn_of(&self, name: &str) -> String {
        format!("{}:stream/{name}", self.arn_prefix())
    }

    fn streams(&self) -> RwLockReadGuard<'_, BTreeMap<String, Arc<Stream>>> {
        self.streams.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn streams_mut(&self) -> RwLockWriteGuard<'_, BTreeMap<String, Arc<Stream>>> {
        self.streams.write().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Forgets the streams whose deletion is over.
fn sweep(streams: &mut BTreeMap<String, Arc<Stream>>, now: Timestamp) {
    streams.retain(|_, stream| !is_gone(stream, now));
}

fn is_gone(stream: &Stream, now: Timestamp) -> bool {
    let phase = stream.state(now).phase;
    matches!(phase, Phase::Deleting { .. }) && phase.is_due(now)
}

fn check_name(name: &str) -> Result<(), Error> {
    let fits = (1..=limits::STREAM_NAME_CHARACTERS).contains(&name.chars().count());
    let allowed = name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-'));
    match (fits, allowed) {
        (true, true) => Ok(()),
        (false, _) => {
            let rule = "have length between 1 and 128";
            Err(Error::constraint(Some(name), "streamName", rule))
        }
        (true, false) => {
            let rule = "satisfy regular expression pattern: [a-zA-Z0-9_.-]+";
            Err(Error::constraint(Some(name), "streamName", rule))
        }
    }
}
