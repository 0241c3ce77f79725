//! `cargo bench --bench counted`: as `speed`, with every allocation counted, which costs time of its own.

#[path = "../speed/command.rs"]
mod command;

use std::alloc::System;

use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

/// Counts. One that is moved in place counts too: it may cost as much as a new one.
#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

fn main() -> headwater_benches::Outcome {
    command::command(Some(|| {
        let stats = ALLOCATOR.stats();
        (stats.allocations + stats.reallocations) as u64
    }))
}
