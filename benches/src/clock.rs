//! What a run costs.

use std::time::{Duration, Instant};

use cpu_time::ProcessTime;
use serde::{Deserialize, Serialize};

/// What a run cost this process.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Cost {
    /// From the start to the end, in seconds.
    pub wall_seconds: f64,
    /// User and system time of all threads, in seconds.
    pub cpu_seconds: f64,
    /// How much more memory it held at its most than before, in bytes, where the job had a process of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peak_bytes: Option<u64>,
    /// How often memory was allocated, where that is counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allocations: Option<u64>,
}

/// Two clocks, running.
pub(crate) struct Stopwatch {
    wall: Instant,
    cpu: ProcessTime,
}

impl Stopwatch {
    /// Starts both.
    pub(crate) fn start() -> Self {
        Self { wall: Instant::now(), cpu: ProcessTime::now() }
    }

    /// Reads both.
    pub(crate) fn read(&self) -> Cost {
        let (cpu, wall) = (self.cpu.elapsed(), self.wall.elapsed());
        let (wall_seconds, cpu_seconds) = (wall.as_secs_f64(), cpu.as_secs_f64());
        Cost { wall_seconds, cpu_seconds, peak_bytes: None, allocations: None }
    }
}

impl Cost {
    /// Returns the CPU time of one of so many messages, in microseconds.
    pub fn cpu_micros(self, records: usize) -> f64 {
        self.cpu_seconds / Duration::from_micros(1).as_secs_f64() / records as f64
    }

    /// Returns how many of so many messages went in a second.
    pub fn records_per_second(self, records: usize) -> f64 {
        records as f64 / self.wall_seconds
    }
}
