//! The checkpoints of a group outside of any store.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::checkpoint::{Application, ApplicationStart, Checkpoint};
use crate::group::form::Form;
use crate::{Error, ErrorKind, Result, ShardId};

/// The checkpoints of a group, and when it began. Who held which shard is no part of it.
///
/// # The JSON form
///
/// ```json
/// {
///   "version": 1,
///   "application": "billing",
///   "stream": "orders",
///   "start": {
///     "at": "2026-01-31T11:59:00.000Z",
///     "shards": ["shardId-000000000000"]
///   },
///   "checkpoints": [
///     {
///       "shard": "shardId-000000000000",
///       "position": { "after": { "sequence": "49590338271490256608559692538361571095921575989136588898", "sub_sequence": 3 } },
///       "arrival": "2026-01-31T12:00:00.000Z"
///     },
///     { "shard": "shardId-000000000001", "position": "end" }
///   ]
/// }
/// ```
///
/// - `version` is 1. A later form will have a later number, and is refused by who does not know it.
/// - `start` is left out, or `null`, where the group never started.
/// - A `position` is `"beginning"`, `{ "at": time }`, `"latest"`, `{ "after": { "sequence", "sub_sequence" } }` or
///   `"end"`. A sequence number is text, because no JSON number holds it; `sub_sequence`, which counts from 0, is left out
///   where the whole record is done.
/// - `arrival` is when the record at the position arrived, and is left out where that is not known.
/// - Times are RFC 3339: written in UTC to the millisecond, read with any offset.
/// - A shard is named once. What is not listed here is refused.
///
/// # Example
///
/// ```
/// use headwater::group::Export;
///
/// let json = r#"{
///     "version": 1,
///     "application": "billing",
///     "stream": "orders",
///     "checkpoints": [{ "shard": "shardId-000000000000", "position": { "after": { "sequence": 7 } } }]
/// }"#;
/// let wrong = Export::from_json(json).unwrap_err().to_string();
/// assert!(wrong.starts_with("read an export: checkpoints[0].position.after.sequence: invalid type: integer `7`"));
///
/// let export = Export::from_json(&json.replace("7", "\"7\""))?;
/// assert_eq!(export.checkpoints.len(), 1);
/// assert_eq!(Export::from_json(&export.to_json()?)?, export);
/// # Ok::<(), headwater::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Form", into = "Form")]
pub struct Export {
    /// The group that was exported.
    pub application: Application,
    /// When it first started, if it did.
    pub start: Option<ApplicationStart>,
    /// The checkpoint of each shard that had one.
    pub checkpoints: BTreeMap<ShardId, Checkpoint>,
}

impl Export {
    /// Writes the JSON form, indented for people.
    ///
    /// # Errors
    ///
    /// `Invalid` if a time has a year of other than four digits.
    pub fn to_json(&self) -> Result<String> {
        serde_json::to_string_pretty(self)
            .map_err(|error| Error::new(ErrorKind::Invalid, "write an export").caused_by(error))
    }

    /// Reads the JSON form, and checks all of it.
    ///
    /// # Errors
    ///
    /// `Invalid`, naming the field and its place.
    pub fn from_json(json: &str) -> Result<Self> {
        let json = &mut serde_json::Deserializer::from_str(json);
        let read = serde_path_to_error::deserialize(&mut *json);
        let export = read.map_err(|error| {
            let path = error.path().to_string();
            // What is no part of any field, as the end of the text.
            let is_whole = path == "." || path == "?";
            let context = if is_whole { "read an export".into() } else { format!("read an export: {path}") };
            Error::new(ErrorKind::Invalid, context).caused_by(error.into_inner())
        })?;
        let end = json.end();
        end.map_err(|error| Error::new(ErrorKind::Invalid, "read an export").caused_by(error))?;
        Ok(export)
    }
}
