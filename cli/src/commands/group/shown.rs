//! Times and positions, as they are shown.

use std::time::{Duration, SystemTime};

use headwater::Position;
use headwater::checkpoint::Checkpoint;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// A time in RFC 3339, to the millisecond.
pub(super) fn rfc3339(time: SystemTime) -> String {
    let time = OffsetDateTime::from(time);
    let whole = time.replace_millisecond(time.millisecond()).unwrap_or(time);
    whole.format(&Rfc3339).unwrap_or_else(|_| whole.to_string())
}

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
