//! What is measured, and how often.

use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::job::Job;

/// What is measured, and how often.
///
/// ```
/// use headwater_benches::{Job, Settings};
///
/// let settings = Settings { rounds: 5, ..Settings::of(Job::all()) };
/// assert_eq!((settings.records, settings.size, settings.shards), (50_000, 1_000, 4));
/// ```
#[derive(Clone, Debug, Serialize)]
pub struct Settings {
    /// The jobs, in the order of the table.
    #[serde(skip)]
    pub jobs: Vec<Job>,
    /// Who does them, in the order of a round.
    #[serde(skip)]
    pub sides: Vec<Side>,
    /// How many messages a job sends or reads, 1 or more: 50,000.
    pub records: usize,
    /// How many bytes a message has as JSON, within [`SIZES`](crate::SIZES): 1,000.
    pub size: usize,
    /// How many shards a stream has, 1 or more: 4.
    pub shards: usize,
    /// How often each job runs on each side, 1 or more: 3.
    pub rounds: usize,
    /// How long a reader rests after each thousand messages: not at all.
    #[serde(skip)]
    pub rest: Duration,
    /// After how many messages the clock is looked at within a run of Headwater, where jobs have processes: never.
    #[serde(skip)]
    pub lap: Option<usize>,
}

/// Who does a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    /// A bare loop over `aws-sdk-kinesis`.
    Sdk,
    /// Headwater.
    Headwater,
}

/// How much less a quick run does.
const QUICK: usize = 10;

impl Settings {
    /// Returns the defaults for some jobs.
    pub fn of(jobs: Vec<Job>) -> Self {
        let sides = vec![Side::Sdk, Side::Headwater];
        let rest = Duration::ZERO;
        Self { jobs, sides, records: 50_000, size: 1_000, shards: 4, rounds: 3, rest, lap: None }
    }

    /// Returns one round of a tenth of the records: it shows that everything works, and gives no figure to rely on.
    pub fn quick(self) -> Self {
        Self { records: (self.records / QUICK).max(1), rounds: 1, ..self }
    }
}

impl FromStr for Side {
    type Err = String;

    fn from_str(side: &str) -> Result<Self, String> {
        match side {
            "sdk" => Ok(Self::Sdk),
            "headwater" => Ok(Self::Headwater),
            _ => Err("sdk or headwater is right".to_owned()),
        }
    }
}
