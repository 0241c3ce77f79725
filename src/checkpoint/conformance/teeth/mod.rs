//! Each check catches a store that breaks its sentence and no more than that.

mod broken;
mod verbs;
mod workers;

use std::sync::Arc;

use self::broken::Broken;
use super::CHECKS;
use crate::checkpoint::{MemoryCheckpoints, conformance};

conformance::tests!(MemoryCheckpoints::new());

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_check_catches_the_store_that_breaks_its_sentence() {
    for check in CHECKS {
        let whole = Arc::new(Broken::at("nothing"));
        check.run(whole).await;
        let broken = Arc::new(Broken::at(check.name()));
        let outcome = tokio::spawn(async move { check.run(broken).await }).await;
        assert!(outcome.is_err(), "a store that breaks \"{}\" passed", check.sentence());
    }
}
