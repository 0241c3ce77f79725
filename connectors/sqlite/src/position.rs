//! Checkpoints as columns that a person can read.

use headwater::checkpoint::{Checkpoint, from_millis, to_millis};
use headwater::{Position, SequenceNumber};
use rusqlite::types::Type;
use rusqlite::{Error, Result, Row};

/// The columns of a checkpoint. Sequence numbers are text, because no integer holds them.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct CheckpointColumns {
    pub(crate) position: &'static str,
    pub(crate) sequence: Option<String>,
    pub(crate) sub_sequence: Option<i64>,
    pub(crate) at_millis: Option<i64>,
    pub(crate) arrival_millis: Option<i64>,
}

impl CheckpointColumns {
    pub(crate) fn write(checkpoint: &Checkpoint) -> Result<Self> {
        let mut columns = Self {
            position: "",
            sequence: None,
            sub_sequence: None,
            at_millis: None,
            arrival_millis: checkpoint.arrival.map(to_millis),
        };
        columns.position = match &checkpoint.position {
            Position::Beginning => "beginning",
            Position::At(time) => {
                columns.at_millis = Some(to_millis(*time));
                "at"
            }
            Position::Latest => "latest",
            Position::After { sequence, sub_sequence } => {
                columns.sequence = Some(sequence.as_str().to_owned());
                columns.sub_sequence = sub_sequence.map(integer).transpose()?;
                "after"
            }
            Position::End => "end",
        };
        Ok(columns)
    }

    /// Reads the five columns that begin at `first`.
    pub(crate) fn read(row: &Row<'_>, first: usize) -> Result<Checkpoint> {
        let kind: String = row.get(first)?;
        let position = match kind.as_str() {
            "beginning" => Position::Beginning,
            "at" => Position::At(time(row, first + 3)?.ok_or_else(|| unreadable(first + 3, "no time"))?),
            "latest" => Position::Latest,
            "after" => Position::After {
                sequence: SequenceNumber::from(row.get::<_, String>(first + 1)?),
                sub_sequence: row.get::<_, Option<i64>>(first + 2)?.map(i64::cast_unsigned),
            },
            "end" => Position::End,
            other => return Err(unreadable(first, &format!("\"{other}\" is no position"))),
        };
        Ok(Checkpoint { position, arrival: time(row, first + 4)? })
    }
}

/// Returns a count as SQLite's integer.
pub(crate) fn integer(count: u64) -> Result<i64> {
    i64::try_from(count).map_err(|error| Error::ToSqlConversionFailure(error.into()))
}

fn time(row: &Row<'_>, column: usize) -> Result<Option<std::time::SystemTime>> {
    let millis: Option<i64> = row.get(column)?;
    millis.map(|millis| from_millis(millis).ok_or_else(|| unreadable(column, "no such time"))).transpose()
}

fn unreadable(column: usize, what: &str) -> Error {
    Error::FromSqlConversionFailure(column, Type::Text, what.into())
}
