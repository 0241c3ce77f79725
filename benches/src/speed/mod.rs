//! What the budget says a record may cost, and what it does cost: jobs in processes of their own, with a server in another.
//!
//! ```text
//!  rows ──► for each: a server, then in every round the bare loop and Headwater, each in its process ──► lines ──► tables
//! ```

mod line;
mod page;
mod row;
mod rows;
mod run;
mod table;

pub use line::Line;
pub use page::{all_tables, put_table, write_page, write_pictures};
pub use row::{Group, Row, Served};
pub use rows::rows;
pub use run::{Speed, measure};
pub(crate) use table::markdown;
