//! Faults on demand: what fails, how often, and where.
//!
//! Every decision is a function of the seed, the fault's place in the plan and how many calls, entries or
//! events it has seen, and of nothing else. The same plan over the same requests in the same order therefore fails the
//! same ones, and adding a fault at the end leaves the decisions of the others as they were.

mod fault;
mod plan;
mod scope;
mod switch;

pub use fault::{Fault, FaultKind};
pub use plan::Faults;
pub use switch::FaultSwitch;

pub(crate) use plan::{After, Before, CallFaults, EventFault, Plan};
pub(crate) use scope::Target;
