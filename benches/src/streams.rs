//! The streams that a benchmark makes, fills, looks into and deletes.

use std::collections::BTreeSet;
use std::time::Duration;

use aws_sdk_kinesis::Client;
use aws_sdk_kinesis::error::SdkError;
use aws_sdk_kinesis::operation::create_stream::CreateStreamError;
use aws_sdk_kinesis::operation::delete_stream::DeleteStreamError;
use aws_sdk_kinesis::types::StreamStatus;
use tokio::time::{Instant, sleep};

use crate::outcome::{Outcome, during};

/// How long a stream may take to become active or to be deleted.
const TIME_LIMIT: Duration = Duration::from_mins(2);
/// How long to wait between two looks at a stream, at first and at most.
const PAUSES: (Duration, Duration) = (Duration::from_millis(20), Duration::from_secs(1));

/// The streams of one benchmark, which are deleted in the end.
#[derive(Debug)]
pub(crate) struct Streams {
    client: Client,
    shards: i32,
    /// What all of their names begin with, which no other benchmark's do
    prefix: String,
    made: usize,
    live: BTreeSet<String>,
}

impl Streams {
    /// Describes streams of so many shards.
    pub(crate) fn new(client: Client, shards: usize) -> Self {
        let prefix = format!("headwater-bench-{:08x}", fastrand::u32(..));
        let shards = i32::try_from(shards).unwrap_or(i32::MAX);
        Self { client, shards, prefix, made: 0, live: BTreeSet::new() }
    }

    /// Returns what all of their names begin with.
    pub(crate) fn prefix(&self) -> &str {
        &self.prefix
    }

    /// Sees that the endpoint answers.
    pub(crate) async fn check(&self) -> Outcome {
        self.client.list_streams().limit(1).send().await.map_err(during("list the streams"))?;
        Ok(())
    }

    /// Creates an empty stream and waits until it is active.
    pub(crate) async fn create(&mut self) -> Outcome<String> {
        self.made += 1;
        let name = format!("{}-{}", self.prefix, self.made);
        // Before it is asked for: whoever stops waiting here must find it again.
        self.live.insert(name.clone());
        let what = format!("create the stream {name}");
        let mut patience = Patience::new();
        loop {
            match self.client.create_stream().stream_name(&name).shard_count(self.shards).send().await {
                Ok(_) => break,
                // Five calls a second, and streams that are still being deleted count.
                Err(error) if is(&error, CreateStreamError::is_limit_exceeded_exception) => {
                    patience.wait().await.ok_or_else(|| during(&what)(error))?;
                }
                Err(error) => return Err(during(what)(error)),
            }
        }
        let mut patience = Patience::new();
        loop {
            let answer = self.client.describe_stream_summary().stream_name(&name).send().await;
            let summary = answer.map_err(during(&what))?.stream_description_summary;
            let status = summary.map(|summary| summary.stream_status);
            if status == Some(StreamStatus::Active) {
                return Ok(name);
            }
            patience.wait().await.ok_or_else(|| format!("{what}: it is {status:?} after {TIME_LIMIT:?}"))?;
        }
    }

    /// Deletes a stream.
    pub(crate) async fn delete(&mut self, name: &str) -> Outcome {
        let mut patience = Patience::new();
        loop {
            match self.client.delete_stream().stream_name(name).send().await {
                Ok(_) => break,
                Err(error) if is(&error, DeleteStreamError::is_resource_not_found_exception) => break,
                // Still being created, or too many calls at once.
                Err(error)
                    if is(&error, |error| {
                        error.is_resource_in_use_exception() || error.is_limit_exceeded_exception()
                    }) =>
                {
                    patience
                        .wait()
                        .await
                        .ok_or_else(|| during(format!("delete the stream {name}"))(error))?;
                }
                Err(error) => return Err(during(format!("delete the stream {name}"))(error)),
            }
        }
        self.live.remove(name);
        Ok(())
    }

    /// Deletes all that are left.
    pub(crate) async fn delete_all(&mut self) -> Outcome {
        for name in self.live.clone() {
            self.delete(&name).await?;
        }
        Ok(())
    }
}

fn is<E, R>(error: &SdkError<E, R>, kind: impl Fn(&E) -> bool) -> bool {
    error.as_service_error().is_some_and(kind)
}

/// Waits longer each time, until it has been too long.
struct Patience {
    since: Instant,
    pause: Duration,
}

impl Patience {
    fn new() -> Self {
        Self { since: Instant::now(), pause: PAUSES.0 }
    }

    /// Waits; `None` where that has been done for long enough.
    async fn wait(&mut self) -> Option<()> {
        if self.since.elapsed() > TIME_LIMIT {
            return None;
        }
        sleep(self.pause).await;
        self.pause = (self.pause * 2).min(PAUSES.1);
        Some(())
    }
}
