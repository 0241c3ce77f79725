//! Builds a batching sink.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tower::Service;
use tower::util::BoxCloneService;

use crate::batch::admission::OwnKey;
use crate::batch::engine::Engine;
use crate::batch::gate::Gate;
use crate::batch::settings::Settings;
use crate::batch::{Admission, Batch, BatchResponse, BatchSink, OnKeyFailure, Ordering};
use crate::{Error, Result};

/// Builds a [`BatchSink`]. The defaults are the quotas of Kinesis, 100 ms of linger and order per key.
///
/// # Example
///
/// ```
/// use headwater::batch::BatchSink;
/// # use headwater::batch::{Batch, BatchResponse};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// # let service = tower::service_fn(|_: Batch| async { Ok::<_, headwater::Error>(BatchResponse::new(Vec::new())) });
/// let error = BatchSink::builder().batch_records(0).build(service).unwrap_err();
/// assert_eq!(error.to_string(), "batch_records = 0: at least 1 is allowed");
/// # }
/// ```
#[derive(Clone)]
#[must_use = "a builder does nothing until it is built"]
pub struct BatchSinkBuilder {
    settings: Settings,
    admission: Arc<dyn Admission>,
}

impl Default for BatchSinkBuilder {
    fn default() -> Self {
        Self { settings: Settings::default(), admission: Arc::new(OwnKey) }
    }
}

impl BatchSinkBuilder {
    /// Names the sink in errors and logs, as by the name of a stream (default `sink`).
    pub fn name(mut self, name: impl Into<Arc<str>>) -> Self {
        self.settings.name = name.into();
        self
    }

    /// Sets what is checked of each message before it is accepted, and which key it is sent under (default: any
    /// message, under its own key).
    pub fn admission(mut self, admission: impl Admission) -> Self {
        self.admission = Arc::new(admission);
        self
    }

    /// Sets the most entries of a request (default 500).
    pub fn batch_records(mut self, records: usize) -> Self {
        self.settings.batch_records = records;
        self
    }

    /// Sets the most bytes of a request, partition keys included (default 10 MiB). A record that is larger travels
    /// alone.
    pub fn batch_bytes(mut self, bytes: usize) -> Self {
        self.settings.batch_bytes = bytes;
        self
    }

    /// Sets the most bytes of a record, its partition key included (default 1 MiB). A message that is larger is
    /// refused by `start_send`.
    pub fn record_bytes(mut self, bytes: usize) -> Self {
        self.settings.record_bytes = bytes;
        self
    }

    /// Sets the length at which a frame of several messages is full, in bytes (default 51,200; at most
    /// `record_bytes`). A message that is larger travels alone.
    pub fn frame_size(mut self, bytes: usize) -> Self {
        self.settings.frame_size = bytes;
        self
    }

    /// Sets the number of messages at which a frame is full (default: no such limit).
    pub fn frame_messages(mut self, messages: usize) -> Self {
        self.settings.frame_messages = messages;
        self
    }

    /// Sets how long a part-filled frame or request waits for company (default 100 ms; zero sends at once). A full
    /// one never waits.
    pub fn linger(mut self, linger: Duration) -> Self {
        self.settings.linger = linger;
        self
    }

    /// Sets how many requests may be in flight (default 4).
    pub fn max_in_flight(mut self, requests: usize) -> Self {
        self.settings.max_in_flight = requests;
        self
    }

    /// Sets how many messages may be accepted and unsettled, those handed back included (default 10,000).
    pub fn max_queue(mut self, messages: usize) -> Self {
        self.settings.max_queue = messages;
        self
    }

    /// Sets how many bytes may be accepted and unsettled, payloads and partition keys (default 64 MiB). A message is
    /// accepted while there are fewer, so the last one may exceed it.
    pub fn max_queue_bytes(mut self, bytes: usize) -> Self {
        self.settings.max_queue_bytes = bytes;
        self
    }

    /// Sets which order is kept (default [`Ordering::PerKey`]).
    pub fn ordering(mut self, ordering: Ordering) -> Self {
        self.settings.ordering = ordering;
        self
    }

    /// Sets what becomes of the later messages of a key of which one failed for good (default
    /// [`OnKeyFailure::HandBack`]).
    pub fn on_key_failure(mut self, policy: OnKeyFailure) -> Self {
        self.settings.on_key_failure = policy;
        self
    }

    /// Sets how often an entry is tried again (default: until its time to live is over).
    pub fn retry_limit(mut self, retries: u32) -> Self {
        self.settings.retry.limit = Some(retries);
        self
    }

    /// Sets the bound of the first backoff, which doubles with every failed attempt of an entry (default 100 ms). The
    /// backoff itself is drawn evenly between zero and the bound.
    pub fn expo_backoff(mut self, backoff: Duration) -> Self {
        self.settings.retry.expo_backoff = backoff;
        self
    }

    /// Sets what the bound of the backoff never exceeds (default 10 s).
    pub fn expo_backoff_limit(mut self, limit: Duration) -> Self {
        self.settings.retry.expo_backoff_limit = limit;
        self
    }

    /// Sets how long after its first attempt an entry is given up (default 120 s).
    pub fn time_to_live(mut self, time_to_live: Duration) -> Self {
        self.settings.retry.time_to_live = time_to_live;
        self
    }

    /// Sets how long a sink that was closed, dropped or failed goes on sending what it accepted (default 30 s).
    pub fn close_deadline(mut self, deadline: Duration) -> Self {
        self.settings.close_deadline = deadline;
        self
    }

    /// Checks every setting, as [`build`](Self::build) does.
    ///
    /// # Errors
    ///
    /// `Invalid`, naming the setting that is outside its range, and the range.
    pub fn check(&self) -> Result<()> {
        self.settings.check()
    }

    /// Builds the sink over a service, and starts its task.
    ///
    /// The service is cloned for every request. An error that is retryable has every entry of the request sent again;
    /// any other ends the sink.
    ///
    /// # Errors
    ///
    /// `Invalid`, naming the setting that is outside its range, and the range.
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime.
    pub fn build<S>(self, service: S) -> Result<BatchSink>
    where
        S: Service<Batch, Response = BatchResponse, Error = Error> + Clone + Send + 'static,
        S::Future: Send + 'static,
    {
        let Self { settings, admission } = self;
        settings.check()?;
        let gate =
            Arc::new(Gate::new(Arc::clone(&settings.name), settings.max_queue, settings.max_queue_bytes));
        let sink = BatchSink::new(Arc::clone(&gate), admission, settings.record_bytes);
        // The handle owns the task: its drop has the task send what it holds, and end.
        tokio::spawn(Engine::new(gate, settings, BoxCloneService::new(service)));
        Ok(sink)
    }
}

impl fmt::Debug for BatchSinkBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BatchSinkBuilder").field("settings", &self.settings).finish_non_exhaustive()
    }
}
