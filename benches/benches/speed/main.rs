//! `cargo bench --bench speed`: what a record costs a process of its own, row by row of the budget.
//!
//! ```text
//! cargo bench --bench speed                                  the table of the budget, some minutes
//! cargo bench --bench speed -- --only sink/bytes             the rows whose name contains that
//! cargo bench --bench speed -- --table growth --table slow   other tables
//! cargo bench --bench speed -- --list                        the rows that there are
//! cargo bench --bench speed -- --json figures.json           every figure of every round too
//! ```
//!
//! What is compared, and what is on and off, is told by the library, [`headwater_benches`].

mod command;

fn main() -> headwater_benches::Outcome {
    command::command(None)
}
