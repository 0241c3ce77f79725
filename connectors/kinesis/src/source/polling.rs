//! Reads one shard by GetRecords, at a pace that the shard allows.

use std::sync::Arc;
use std::time::Duration;

use aws_sdk_kinesis::operation::get_records::GetRecordsOutput;
use futures::FutureExt;
use futures::future::BoxFuture;
use headwater::source::{Fetch, Page, ReadFrom};
use headwater::{Position, Result, ShardId};
use tokio::time::{Instant, sleep_until};

use crate::api::{Api, GetRecordsAnswer};
use crate::limits;
use crate::source::page::Pages;

/// The pause after a call that brought nothing, where none is asked for: without it a source would spin.
const UNPACED_IDLE: Duration = Duration::from_millis(10);

/// How a shard is polled.
#[derive(Clone, Copy, Debug)]
pub(super) struct Polling {
    /// The most records a call.
    pub(super) record_limit: u32,
    /// The pause from the start of one call to the next; `None` to poll without a pace.
    pub(super) interval: Option<Duration>,
    /// The pause after an empty page, if longer.
    pub(super) sleep_time_no_records: Duration,
}

impl Polling {
    /// Returns when the next call may be made, by what this one brought.
    fn next_call(&self, called: Instant, records: usize, bytes: usize) -> Instant {
        let pace = match self.interval {
            // A shard that gave much is throttled for as long as it takes to give it at 2 MiB/s.
            Some(interval) => {
                let bandwidth = Duration::from_secs_f64(bytes as f64 / limits::GET_BYTES_PER_SECOND);
                interval.max(bandwidth)
            }
            None if bytes == 0 => UNPACED_IDLE,
            None => Duration::ZERO,
        };
        let idle = if records == 0 { self.sleep_time_no_records } else { Duration::ZERO };
        called + pace.max(idle)
    }
}

pub(super) struct PollingFetch {
    api: Arc<Api>,
    polling: Polling,
    shard: ShardId,
    pages: Pages,
    /// Where the next iterator is asked for: after the last record that was returned.
    from: ReadFrom,
    iterator: Option<String>,
    next_call: Instant,
}

impl PollingFetch {
    pub(super) fn new(api: Arc<Api>, polling: Polling, shard: ShardId, pages: Pages, from: ReadFrom) -> Self {
        Self { api, polling, shard, pages, from, iterator: None, next_call: Instant::now() }
    }

    async fn fetch(&mut self) -> Result<Page> {
        loop {
            sleep_until(self.next_call).await;
            let called = Instant::now();
            // A call that fails counts against the shard's quota like any other, and is no sign of an idle shard.
            self.next_call = self.polling.next_call(called, 1, 0);
            let iterator = match &self.iterator {
                Some(iterator) => iterator,
                None => self.iterator.insert(self.api.get_shard_iterator(&self.shard, &self.from).await?),
            };
            match self.api.get_records(&self.shard, iterator, self.polling.record_limit).await? {
                GetRecordsAnswer::Page(output) => return Ok(self.take(called, output)),
                GetRecordsAnswer::Expired => {
                    tracing::info!(stream = self.api.stream.name(), shard = %self.shard, "iterator expired");
                    self.iterator = None;
                }
            }
        }
    }

    /// Moves past a page. Nothing awaits from the answer to here, so a page is returned or fetched again.
    fn take(&mut self, called: Instant, output: GetRecordsOutput) -> Page {
        let last = output.records.last().map(|record| record.sequence_number.as_str().into());
        let came = output.records.len();
        let next_iterator = output.next_shard_iterator;
        let end = next_iterator.is_none().then(|| output.child_shards.unwrap_or_default());
        let page = self.pages.page(output.records, output.millis_behind_latest, end);
        self.next_call = self.polling.next_call(called, came, page.bytes);
        if let Some(sequence) = last {
            self.from = ReadFrom::Position(Position::After { sequence, sub_sequence: None });
        }
        self.iterator = next_iterator;
        page
    }
}

impl Fetch for PollingFetch {
    fn due(&mut self) -> BoxFuture<'_, ()> {
        sleep_until(self.next_call).boxed()
    }

    fn largest(&self) -> usize {
        limits::GET_BYTES
    }

    fn next(&mut self) -> BoxFuture<'_, Result<Page>> {
        self.fetch().boxed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PACED: Polling = Polling {
        record_limit: 10_000,
        interval: Some(Duration::from_millis(200)),
        sleep_time_no_records: Duration::ZERO,
    };

    #[test]
    fn a_shard_is_called_five_times_a_second_and_read_at_two_mebibytes() {
        let now = Instant::now();
        assert_eq!(PACED.next_call(now, 1, 1_000), now + Duration::from_millis(200));
        assert_eq!(PACED.next_call(now, 1, 10 << 20), now + Duration::from_secs(5));
    }

    #[test]
    fn an_idle_shard_is_called_as_seldom_as_was_asked_for() {
        let now = Instant::now();
        let idle = Polling { sleep_time_no_records: Duration::from_secs(2), ..PACED };
        assert_eq!(idle.next_call(now, 0, 0), now + Duration::from_secs(2));
        assert_eq!(idle.next_call(now, 1, 0), now + Duration::from_millis(200));
        let unpaced = Polling { interval: None, ..PACED };
        assert_eq!(unpaced.next_call(now, 0, 0), now + UNPACED_IDLE);
        assert_eq!(unpaced.next_call(now, 1, 1), now);
    }
}
