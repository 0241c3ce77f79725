//! The settings of a sink, and what is allowed of each.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::batch::retry::RetrySettings;
use crate::batch::{LaneLimit, OnKeyFailure, Ordering};
use crate::codec::Framing;
use crate::{Error, ErrorKind, Result};

const MIB: usize = 1024 * 1024;

/// The settings of a sink.
#[derive(Clone, Debug)]
pub(super) struct Settings {
    pub(super) name: Arc<str>,
    pub(super) batch_records: usize,
    pub(super) batch_bytes: usize,
    pub(super) record_bytes: usize,
    /// What the framing asks for unless it is set.
    pub(super) frame_size: Option<usize>,
    pub(super) frame_messages: usize,
    pub(super) linger: Duration,
    pub(super) max_in_flight: usize,
    pub(super) max_queue: usize,
    pub(super) max_queue_bytes: usize,
    pub(super) ordering: Ordering,
    pub(super) on_key_failure: OnKeyFailure,
    pub(super) retry: RetrySettings,
    pub(super) close_deadline: Duration,
    pub(super) lane_limit: Option<LaneLimit>,
    pub(super) refresh_every: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            name: "sink".into(),
            batch_records: 500,
            batch_bytes: 10 * MIB,
            record_bytes: MIB,
            frame_size: None,
            frame_messages: usize::MAX,
            linger: Duration::from_millis(100),
            max_in_flight: 4,
            max_queue: 10_000,
            max_queue_bytes: 64 * MIB,
            ordering: Ordering::PerKey,
            on_key_failure: OnKeyFailure::HandBack,
            retry: RetrySettings {
                limit: None,
                expo_backoff: Duration::from_millis(100),
                expo_backoff_limit: Duration::from_secs(10),
                time_to_live: Duration::from_mins(2),
            },
            close_deadline: Duration::from_secs(30),
            lane_limit: None,
            refresh_every: Duration::from_mins(5),
        }
    }
}

/// The longest of any duration, so that no sum of durations can overflow the clock.
const LONGEST: Duration = Duration::from_hours(7 * 24);

impl Settings {
    /// Returns the length at which a frame of several messages is full.
    pub(super) fn frame_size(&self, framing: &dyn Framing) -> usize {
        self.frame_size.unwrap_or_else(|| framing.frame_size().min(self.record_bytes))
    }

    /// Checks every setting.
    ///
    /// # Errors
    ///
    /// `Invalid`, naming the first setting that is outside its range, and the range.
    pub(super) fn check(&self) -> Result<()> {
        let RetrySettings { expo_backoff, expo_backoff_limit, time_to_live, .. } = self.retry;
        at_least(1, "batch_records", self.batch_records)?;
        at_least(1, "record_bytes", self.record_bytes)?;
        at_least(1, "batch_bytes", self.batch_bytes)?;
        at_least(1, "frame_messages", self.frame_messages)?;
        at_least(1, "max_in_flight", self.max_in_flight)?;
        at_least(1, "max_queue", self.max_queue)?;
        at_least(1, "max_queue_bytes", self.max_queue_bytes)?;
        between(1, self.record_bytes, "frame_size", self.frame_size.unwrap_or(1))?;
        let zero = Duration::ZERO;
        let tick = Duration::from_millis(1);
        for (name, value, least) in [
            ("linger", self.linger, zero),
            ("expo_backoff", expo_backoff, tick),
            ("expo_backoff_limit", expo_backoff_limit, expo_backoff),
            ("time_to_live", time_to_live, tick),
            ("close_deadline", self.close_deadline, zero),
            ("refresh_every", self.refresh_every, Duration::from_secs(1)),
        ] {
            if value < least || value > LONGEST {
                return Err(outside(
                    name,
                    format_args!("{value:?}"),
                    format_args!("{least:?} to {LONGEST:?}"),
                ));
            }
        }
        self.lane_limit.map_or(Ok(()), |limit| limit.check())
    }
}

fn at_least(least: usize, name: &str, value: usize) -> Result<()> {
    between(least, usize::MAX, name, value)
}

fn between(least: usize, most: usize, name: &str, value: usize) -> Result<()> {
    if (least..=most).contains(&value) {
        return Ok(());
    }
    match most {
        usize::MAX => Err(outside(name, value, format_args!("at least {least}"))),
        _ => Err(outside(name, value, format_args!("{least} to {most}"))),
    }
}

fn outside(name: &str, value: impl fmt::Display, range: impl fmt::Display) -> Error {
    Error::new(ErrorKind::Invalid, format!("{name} = {value}: {range} is allowed"))
}
