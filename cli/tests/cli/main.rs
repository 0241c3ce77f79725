//! The `headwater` binary, run as a user runs it, against our endpoint and those that nobody here wrote.

mod habits;
mod support;
