//! One request's way through its attempts.

use std::fmt;
use std::mem;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, Sleep};
use tower::retry::Policy;
use tower::retry::backoff::{Backoff as _, ExponentialBackoff, ExponentialBackoffMaker, MakeBackoff as _};
use tower::retry::budget::{Budget as _, TpsBudget};
use tower::util::rng::Rng;

use super::config::RetryConfig;
use crate::service::Attempted;
use crate::{Error, ErrorKind, Result};

/// How far back the budget looks.
const BUDGET_WINDOW: Duration = Duration::from_secs(10);

/// The random share of a backoff is up to as much as the backoff itself.
const JITTER: f64 = 1.0;

/// What the requests of one layer share: limits, the backoff to copy, and the budget.
#[derive(Clone)]
pub(super) struct Retries {
    attempts: u32,
    deadline: Duration,
    backoff: ExponentialBackoffMaker<ThreadRng>,
    budget: Option<Arc<TpsBudget>>,
}

/// The thread's own generator. Tower's default one starts every request at the same number, so that all of them would
/// wait equally long.
#[derive(Clone, Copy, Debug)]
struct ThreadRng;

/// Decides after each attempt of one request whether there is another, and when.
#[derive(Clone, Debug)]
pub(super) struct Session {
    retries: Retries,
    backoff: ExponentialBackoff<ThreadRng>,
    attempts: u32,
    started: Instant,
}

/// Why there is no further attempt.
enum Over {
    /// The error is fatal, or attempts or time ran out.
    Plain,
    /// The budget of all requests is spent.
    BudgetSpent,
}

impl Retries {
    pub(super) fn new(config: RetryConfig) -> Result<Self> {
        let invalid = |what: String| Err(Error::new(ErrorKind::Invalid, what));
        if config.retry_limit == 0 {
            return invalid("retry_limit is 0 and must be 1 or more attempts".into());
        }
        let (first, longest) = (config.expo_backoff, config.expo_backoff_limit);
        if first.is_zero() {
            return invalid("expo_backoff is 0s and must be longer".into());
        }
        let Ok(backoff) = ExponentialBackoffMaker::new(first, longest, JITTER, ThreadRng) else {
            return invalid(format!(
                "expo_backoff_limit is {longest:?} and must be {first:?} (expo_backoff) or more"
            ));
        };
        if let Some(budget) = config.budget {
            if !(0.0..=10.0).contains(&budget.share) {
                return invalid(format!(
                    "the share of the retry budget is {} and must be 0 to 10",
                    budget.share
                ));
            }
            if budget.per_second > 1_000_000 {
                return invalid(format!(
                    "the retry budget is {} per second and must be 1000000 or less",
                    budget.per_second
                ));
            }
        }
        let budget = config
            .budget
            .map(|budget| Arc::new(TpsBudget::new(BUDGET_WINDOW, budget.per_second, budget.share)));
        Ok(Self { attempts: config.retry_limit, deadline: config.deadline, backoff, budget })
    }

    /// Begins the session of one request.
    pub(super) fn session(&self) -> Session {
        let backoff = self.backoff.clone().make_backoff();
        Session { retries: self.clone(), backoff, attempts: 0, started: Instant::now() }
    }
}

impl Session {
    /// Returns the wait before the next attempt, if there is one.
    fn next_attempt(&mut self, error: &Error) -> Result<Sleep, Over> {
        if !error.is_retryable() || self.attempts >= self.retries.attempts {
            return Err(Over::Plain);
        }
        let wait = self.backoff.next_backoff();
        if wait.deadline().duration_since(self.started) > self.retries.deadline {
            return Err(Over::Plain);
        }
        if self.retries.budget.as_ref().is_some_and(|budget| !budget.withdraw()) {
            return Err(Over::BudgetSpent);
        }
        Ok(wait)
    }

    /// Adds to the last error what was tried, keeping its kind and what it carries.
    fn conclude(&self, error: &mut Error, over: &Over) {
        let tried = match self.attempts {
            1 => String::new(),
            attempts => format!(" after {attempts} attempts in {:.1?}", self.started.elapsed()),
        };
        let why = match over {
            Over::Plain if tried.is_empty() => return,
            Over::Plain => "",
            Over::BudgetSpent => ", the retry budget is spent",
        };
        let kind = error.kind();
        let last = mem::replace(error, Error::new(kind, format!("{error}{tried}{why}")));
        if last.undelivered_len() > 0 {
            let concluded = error.restate();
            *error = concluded.carrying(last.into_undelivered());
        }
    }
}

impl<Request: Attempted, Response> Policy<Request, Response, Error> for Session {
    type Future = Sleep;

    fn retry(&mut self, request: &mut Request, result: &mut Result<Response>) -> Option<Sleep> {
        self.attempts += 1;
        let Err(error) = result else {
            if let Some(budget) = &self.retries.budget {
                budget.deposit();
            }
            return None;
        };
        request.failed_attempt(error);
        match self.next_attempt(error) {
            Ok(wait) => {
                let after = wait.deadline().duration_since(Instant::now());
                tracing::debug!(attempt = self.attempts, ?after, %error, "will retry");
                Some(wait)
            }
            Err(over) => {
                self.conclude(error, &over);
                None
            }
        }
    }

    fn clone_request(&mut self, request: &Request) -> Option<Request> {
        Some(request.clone())
    }
}

impl Rng for ThreadRng {
    fn next_u64(&mut self) -> u64 {
        fastrand::u64(..)
    }
}

impl fmt::Debug for Retries {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Retries")
            .field("attempts", &self.attempts)
            .field("deadline", &self.deadline)
            .field("budget", &self.budget)
            .finish_non_exhaustive()
    }
}
