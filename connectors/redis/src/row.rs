//! Rows as JSON that a person can read, and the scripts too.

use headwater::checkpoint::{Checkpoint, FencingToken, Handoff, LeaseRow, WorkerId, from_millis, to_millis};
use headwater::{Position, Result, ShardId};
use serde::{Deserialize, Serialize};

use crate::order::order;

/// A row as it is stored. `order` is what the scripts compare; the rest of the position they only carry.
#[derive(Serialize, Deserialize)]
pub(crate) struct StoredRow {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    owner: Option<String>,
    token: u64,
    version: u64,
    order: String,
    checkpoint: StoredCheckpoint,
    /// Who asked for the lease. A claim and a release clear it, so it was made against the present token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    handoff: Option<String>,
}

/// A checkpoint as it is stored. Numbers are text, because scripts would make doubles of them.
#[derive(Serialize, Deserialize)]
struct StoredCheckpoint {
    position: Kind,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sequence: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sub_sequence: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    at_millis: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    arrival_millis: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Beginning,
    At,
    Latest,
    After,
    End,
}

/// Writes a row.
///
/// # Errors
///
/// `Invalid` for a sequence number that is no number.
pub(crate) fn write(row: &LeaseRow) -> Result<String> {
    let stored = StoredRow {
        owner: row.owner.as_ref().map(|owner| owner.as_str().to_owned()),
        token: row.token.0,
        version: row.version,
        order: order(&row.checkpoint.position)?,
        checkpoint: StoredCheckpoint::from(&row.checkpoint),
        handoff: row.handoff.as_ref().map(|handoff| handoff.to.as_str().to_owned()),
    };
    Ok(json(&stored))
}

/// Writes a checkpoint alone.
pub(crate) fn write_checkpoint(checkpoint: &Checkpoint) -> String {
    json(&StoredCheckpoint::from(checkpoint))
}

/// Reads the row of a shard; the error says what is wrong with its text.
pub(crate) fn read(shard: &ShardId, text: &[u8]) -> Result<LeaseRow, String> {
    let stored: StoredRow = serde_json::from_slice(text).map_err(|error| error.to_string())?;
    let token = FencingToken(stored.token);
    Ok(LeaseRow {
        shard: shard.clone(),
        owner: stored.owner.map(WorkerId::new),
        token,
        version: stored.version,
        checkpoint: stored.checkpoint.read()?,
        handoff: stored.handoff.map(|to| Handoff { to: WorkerId::new(to), token }),
    })
}

fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("text and numbers always make JSON")
}

impl From<&Checkpoint> for StoredCheckpoint {
    fn from(checkpoint: &Checkpoint) -> Self {
        let mut stored = Self {
            position: Kind::Beginning,
            sequence: None,
            sub_sequence: None,
            at_millis: None,
            arrival_millis: checkpoint.arrival.map(|arrival| to_millis(arrival).to_string()),
        };
        stored.position = match &checkpoint.position {
            Position::Beginning => Kind::Beginning,
            Position::At(time) => {
                stored.at_millis = Some(to_millis(*time).to_string());
                Kind::At
            }
            Position::Latest => Kind::Latest,
            Position::After { sequence, sub_sequence } => {
                stored.sequence = Some(sequence.as_str().to_owned());
                stored.sub_sequence = sub_sequence.map(|sub| sub.to_string());
                Kind::After
            }
            Position::End => Kind::End,
        };
        stored
    }
}

impl StoredCheckpoint {
    fn read(self) -> Result<Checkpoint, String> {
        let position = match self.position {
            Kind::Beginning => Position::Beginning,
            Kind::At => Position::At(time("at_millis", &self.at_millis.ok_or("no at_millis")?)?),
            Kind::Latest => Position::Latest,
            Kind::After => Position::After {
                sequence: self.sequence.ok_or("no sequence")?.as_str().into(),
                sub_sequence: self.sub_sequence.map(|sub| number("sub_sequence", &sub)).transpose()?,
            },
            Kind::End => Position::End,
        };
        let arrival = self.arrival_millis.map(|millis| time("arrival_millis", &millis)).transpose()?;
        Ok(Checkpoint { position, arrival })
    }
}

fn time(field: &str, millis: &str) -> Result<std::time::SystemTime, String> {
    from_millis(number(field, millis)?).ok_or_else(|| format!("{field} \"{millis}\" is no time"))
}

fn number<T: std::str::FromStr>(field: &str, digits: &str) -> Result<T, String> {
    digits.parse().map_err(|_| format!("{field} \"{digits}\" is no number"))
}
