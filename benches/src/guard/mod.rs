//! What a record costs in figures that do not depend on how busy the machine is: instructions and allocations.
//!
//! A process sends or reads so many records, and another one more; what the second one needs beyond the first is what
//! its further records cost, without what is set up once.

mod callgrind;
mod case;
mod limits;

use std::path::PathBuf;

use crate::baseline::Baseline;
use crate::guard::callgrind::Callgrind;
use crate::outcome::Outcome;
use crate::speed::Speed;

pub use case::Found;

/// How guards run.
#[derive(Clone, Debug)]
pub struct Guards {
    /// How the processes are started.
    pub speed: Speed,
    /// The program that counts instructions: `valgrind`, or its `valgrind.bin`.
    pub valgrind: PathBuf,
    /// Whether what the bare loop needs is told as well.
    pub bare: bool,
}

/// Counts what each of the guarded jobs needs, and tells each that needs too much.
///
/// What is too much is a limit that never changes, and a tenth more than what the baseline has.
///
/// # Errors
///
/// When a process did not do its job.
pub async fn guard(guards: &Guards, baseline: &Baseline) -> Outcome<(Vec<Found>, Vec<String>)> {
    let callgrind = Callgrind::new(guards.valgrind.clone());
    let (mut found, mut excesses) = (Vec::new(), Vec::new());
    for case in case::cases(guards.bare) {
        eprintln!("{case}");
        let need = case.count(&guards.speed, &callgrind).await?;
        excesses.extend(limits::excesses(&need, baseline));
        found.push(need);
    }
    Ok((found, excesses))
}
