//! The figures as pictures: SVG, with no script, font or colour from elsewhere.
//!
//! ```text
//!  Report ──► figures: which rows, which marks ──► Plot ──► canvas: bars and dots on a scale ──► SVG
//! ```

mod canvas;
mod colours;
mod figures;
mod lines;
mod scale;

pub(super) use colours::rules as colour_rules;
pub(super) use figures::plots;
pub(crate) use lines::drawings;

use crate::report::plot::colours::Colour;
use crate::report::plot::scale::Scale;
use crate::spread::Spread;

/// A picture: a row for each job.
pub(super) struct Plot {
    /// The name of its file, without the ending.
    pub(super) name: &'static str,
    /// What it shows.
    pub(super) title: String,
    legend: Vec<(Colour, &'static str)>,
    scale: Scale,
    rows: Vec<Row>,
}

/// A line of a picture.
enum Row {
    /// The name of the jobs below.
    Heading(&'static str),
    /// A job.
    Job { label: String, marks: Vec<Mark>, figure: String },
}

/// One figure of a row.
struct Mark {
    colour: Colour,
    spread: Spread,
}
