//! Times and positions, as they are shown.

use std::time::Duration;

use headwater::Position;
use headwater::checkpoint::Checkpoint;

use crate::rfc3339::rfc3339;

/// A position, for people.
pub(super) fn position(position: &Position) -> String {
    match position {
        Position::Beginning => "beginning".to_owned(),
        Position::At(time) => rfc3339(*time),
        Position::Latest => "latest".to_owned(),
        Position::After { sequence, sub_sequence: None } => format!("after {sequence}"),
        Position::After { sequence, sub_sequence: Some(sub) } => format!("after {sequence}.{sub}"),
        Position::End => "end".to_owned(),
    }
}

/// How long ago the record at a checkpoint had arrived, where that is known.
pub(super) fn age(checkpoint: &Checkpoint) -> Option<Duration> {
    let age = checkpoint.arrival?.elapsed().unwrap_or_default();
    Some(Duration::from_secs(age.as_secs()))
}
