//! How what was found is laid out.

use clap::ValueEnum;

/// How what was found is laid out on standard output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Layout {
    /// Aligned columns, for people
    #[default]
    Table,
    /// JSON, an object per line, for programs
    Json,
}
