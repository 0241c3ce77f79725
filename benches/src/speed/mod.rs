//! What the budget says a record may cost, and what it does cost: jobs in processes of their own, with a server in another.
//!
//! ```text
//!  rows ──► for each: a server, then in every round the bare loop and Headwater, each in its process ──► lines ──► tables
//! ```

mod line;
mod row;
mod rows;
mod run;
mod table;

pub use line::Line;
pub use row::{Group, Row, Served};
pub use rows::rows;
pub use run::{Speed, measure};
pub use table::{laps_table, table};
