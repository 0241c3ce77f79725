//! The contract of [`CheckpointStore`] as checks to run on a store of your own.
//!
//! [`tests!`](crate::checkpoint::conformance::tests) makes a test of each check. Every one begins with an application
//! that nobody used before, so all of them may share one server, or one file, and run at the same time:
//!
//! ```
//! use headwater::checkpoint::{MemoryCheckpoints, conformance};
//!
//! conformance::tests!(MemoryCheckpoints::new());
//! # fn main() {}
//! ```
//!
//! The tests use tokio's multi-threaded runtime, so that workers which contend really do. Without the macro, run
//! [`CHECKS`] one by one:
//!
//! ```
//! use std::sync::Arc;
//!
//! use headwater::checkpoint::{MemoryCheckpoints, conformance};
//!
//! # #[tokio::main]
//! # async fn main() {
//! let store = Arc::new(MemoryCheckpoints::new());
//! for check in conformance::CHECKS {
//!     println!("{}", check.sentence());
//!     check.run(store.clone()).await;
//! }
//! # }
//! ```

mod claims;
mod faults;
mod fencing;
mod handoff;
mod listing;
mod progress;
mod resets;
mod starts;
mod subject;
#[cfg(test)]
mod teeth;
mod workers;
mod writes;

use std::fmt;
use std::sync::Arc;

use futures::future::BoxFuture;

use self::subject::Subject;
use crate::checkpoint::CheckpointStore;

#[doc(inline)]
pub use crate::__checkpoint_conformance_tests as tests;

/// Makes a test of each check, named as its sentence.
///
/// The argument is an expression that opens the store. It is evaluated once per test and may `.await`. The crate that
/// invokes the macro needs tokio with `macros` and `rt-multi-thread`.
///
/// # Example
///
/// ```
/// use headwater::checkpoint::{MemoryCheckpoints, conformance};
///
/// async fn open() -> headwater::Result<MemoryCheckpoints> {
///     Ok(MemoryCheckpoints::new())
/// }
///
/// mod memory {
///     use super::*;
///
///     conformance::tests!(open().await.unwrap());
/// }
/// # fn main() {}
/// ```
#[doc(hidden)]
#[macro_export]
macro_rules! __checkpoint_conformance_tests {
    ($open:expr $(,)?) => {
        $crate::__checkpoint_conformance_checks! { @tests $open }
    };
}

/// The list of checks, once for tests and once for `CHECKS`.
#[doc(hidden)]
#[macro_export]
macro_rules! __checkpoint_conformance_checks {
    (@tests $open:expr) => {
        $crate::__checkpoint_conformance_checks! { @each test [$open] }
    };
    (@table) => {
        $crate::__checkpoint_conformance_checks! { @each table [()] }
    };
    (@each $what:ident [$open:expr]) => {
        $crate::__checkpoint_conformance_checks! { @$what [$open]
            claims: the_first_claim_creates_the_row_with_its_initial_checkpoint;
            claims: of_many_workers_that_contend_for_a_lease_exactly_one_wins_and_can_checkpoint;
            claims: a_held_lease_is_refused;
            claims: an_expired_version_is_taken_only_while_it_is_unchanged;
            claims: the_token_grows_at_every_claim_and_only_there;
            claims: the_version_changes_at_every_claim_renewal_commit_and_release;
            claims: a_worker_that_claims_its_own_lease_gets_a_new_token;
            claims: a_released_shard_continues_at_its_stored_position;
            claims: a_finished_shard_is_stored_as_finished_and_never_claimed;
            fencing: no_write_of_a_worker_that_lost_its_lease_has_any_effect;
            fencing: an_older_claim_of_the_same_worker_is_fenced_off_as_well;
            fencing: a_released_lease_is_lost;
            fencing: racing_zombies_never_overwrite_the_owner;
            fencing: a_lease_without_a_row_is_no_lease;
            progress: a_checkpoint_never_moves_backwards;
            progress: committing_the_stored_position_again_is_a_renewal;
            progress: a_commit_proves_that_the_owner_lives;
            progress: positions_and_times_come_back_as_they_were_stored;
            progress: concurrent_commits_of_many_shards_stay_apart;
            handoff: a_lease_released_to_a_worker_waits_for_that_worker;
            handoff: a_lease_released_to_a_dead_worker_expires;
            handoff: the_first_handoff_request_stands_and_the_owner_sees_it;
            handoff: of_many_handoff_requests_exactly_one_stands;
            handoff: a_handoff_request_against_an_older_claim_is_void;
            handoff: a_handoff_request_ends_with_the_claim_it_was_made_against;
            handoff: a_handoff_request_does_not_put_off_expiry;
            listing: rows_are_listed_in_the_order_of_their_shards;
            listing: applications_and_streams_are_apart_whatever_their_names;
            listing: names_come_back_as_they_were_given;
            starts: the_first_start_is_recorded_for_good;
            starts: workers_that_start_at_once_agree_on_one_start;
            starts: a_start_can_be_looked_for_without_one_being_recorded;
            writes: each_write_of_a_batch_is_answered_once_with_its_index;
            writes: a_lost_lease_and_a_step_backwards_fail_alone_among_many_writes;
            writes: a_batch_of_no_writes_has_no_answers;
            resets: a_reset_moves_a_checkpoint_backwards_as_well_as_forwards;
            resets: a_reset_frees_the_shard_and_fences_its_owner_off;
            resets: a_reset_of_a_row_that_changed_since_it_was_listed_is_refused;
            resets: a_reset_makes_the_row_of_a_shard_that_has_none_and_only_then;
            resets: of_many_resets_against_one_listing_exactly_one_is_done;
            resets: a_claim_after_a_reset_continues_there_with_a_greater_token;
            resets: a_finished_shard_that_was_reset_can_be_claimed_again;
            workers: an_announcement_changes_the_version_of_its_worker_alone;
            workers: workers_are_listed_in_the_order_of_their_names;
            workers: names_of_workers_come_back_as_they_were_given;
            workers: applications_and_streams_have_workers_of_their_own;
            workers: a_worker_that_announced_itself_since_it_was_listed_is_not_retired;
            workers: announcements_at_the_same_time_are_all_counted;
            faults: a_verb_that_is_dropped_midway_is_done_or_not_done;
            faults: a_batch_that_is_dropped_midway_has_done_or_not_done_each_write;
            faults: a_start_that_is_dropped_midway_is_recorded_whole_or_not_at_all;
        }
    };
    (@test [$open:expr] $($module:ident: $name:ident;)*) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn $name() {
                let store = ::std::sync::Arc::new($open);
                $crate::checkpoint::conformance::run(stringify!($name), store).await;
            }
        )*
    };
    (@table [$open:expr] $($module:ident: $name:ident;)*) => {
        &[$(Check {
            name: stringify!($name),
            check: |store| Box::pin($module::$name(Subject::new(store))),
        }),*]
    };
}

/// Every check of the suite.
///
/// # Example
///
/// While a store learns to hand leases over:
///
/// ```
/// use std::sync::Arc;
///
/// use headwater::checkpoint::MemoryCheckpoints;
/// use headwater::checkpoint::conformance::CHECKS;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let store = Arc::new(MemoryCheckpoints::new());
/// for check in CHECKS.iter().filter(|check| check.name().contains("handoff_request")) {
///     check.run(store.clone()).await;
/// }
/// # }
/// ```
pub const CHECKS: &[Check] = __checkpoint_conformance_checks!(@table);

/// One sentence of the contract, and the code that holds a store to it.
///
/// # Example
///
/// ```
/// use std::sync::Arc;
///
/// use headwater::checkpoint::MemoryCheckpoints;
/// use headwater::checkpoint::conformance::CHECKS;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let check = CHECKS.iter().find(|check| check.sentence() == "a held lease is refused");
/// let check = check.expect("the sentence is in the contract");
/// check.run(Arc::new(MemoryCheckpoints::new())).await;
/// # }
/// ```
#[derive(Clone, Copy)]
pub struct Check {
    name: &'static str,
    check: fn(Arc<dyn CheckpointStore>) -> BoxFuture<'static, ()>,
}

impl Check {
    /// Returns the name, which is that of the test which [`tests!`](crate::checkpoint::conformance::tests) makes.
    ///
    /// # Example
    ///
    /// ```
    /// use headwater::checkpoint::conformance::CHECKS;
    ///
    /// assert!(CHECKS.iter().any(|check| check.name() == "a_checkpoint_never_moves_backwards"));
    /// ```
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Returns what is checked, as a sentence.
    ///
    /// # Example
    ///
    /// ```
    /// use headwater::checkpoint::conformance::CHECKS;
    ///
    /// assert!(CHECKS.iter().any(|check| check.sentence() == "a checkpoint never moves backwards"));
    /// ```
    pub fn sentence(&self) -> String {
        self.name.replace('_', " ")
    }

    /// Holds a store to the sentence. Panics if the store breaks it, or fails.
    ///
    /// Leaves its rows behind, under an application with a random name.
    ///
    /// # Example
    ///
    /// ```
    /// use std::sync::Arc;
    ///
    /// use headwater::checkpoint::{MemoryCheckpoints, conformance::CHECKS};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// CHECKS[0].run(Arc::new(MemoryCheckpoints::new())).await;
    /// # }
    /// ```
    pub async fn run(&self, store: Arc<dyn CheckpointStore>) {
        (self.check)(store).await;
    }
}

impl fmt::Debug for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Check").field(&self.name).finish()
    }
}

/// Runs the check of this name: what the tests of the macro call.
#[doc(hidden)]
pub async fn run(name: &str, store: Arc<dyn CheckpointStore>) {
    let check =
        CHECKS.iter().find(|check| check.name == name).expect("the macro and the table have one list");
    check.run(store).await;
}
