//! How an export is written: the fields, by their names in JSON.

use std::collections::BTreeMap;
use std::time::SystemTime;

use serde::de::Error as _;
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::checkpoint::{Application, ApplicationStart, Checkpoint};
use crate::group::Export;
use crate::{Position, SequenceNumber, ShardId, rfc3339};

const VERSION: u32 = 1;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Form {
    #[serde(deserialize_with = "version")]
    version: u32,
    application: Name,
    stream: Name,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    start: Option<StartForm>,
    checkpoints: Vec<CheckpointForm>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StartForm {
    at: Time,
    shards: Vec<Name>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct CheckpointForm {
    shard: Name,
    position: PositionForm,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    arrival: Option<Time>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum PositionForm {
    Beginning,
    At(Time),
    Latest,
    After(AfterForm),
    End,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct AfterForm {
    #[serde(deserialize_with = "sequence")]
    sequence: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sub_sequence: Option<u64>,
}

/// A name, which is not empty.
#[derive(Serialize)]
struct Name(String);

struct Time(SystemTime);

impl From<Export> for Form {
    fn from(export: Export) -> Self {
        let Export { application, start, checkpoints } = export;
        Self {
            version: VERSION,
            application: Name(application.name.to_string()),
            stream: Name(application.stream.to_string()),
            start: start.map(|start| StartForm {
                at: Time(start.at),
                shards: start.shards.iter().map(|shard| Name(shard.to_string())).collect(),
            }),
            checkpoints: checkpoints.into_iter().map(CheckpointForm::from).collect(),
        }
    }
}

impl From<(ShardId, Checkpoint)> for CheckpointForm {
    fn from((shard, Checkpoint { position, arrival }): (ShardId, Checkpoint)) -> Self {
        let position = match position {
            Position::Beginning => PositionForm::Beginning,
            Position::At(time) => PositionForm::At(Time(time)),
            Position::Latest => PositionForm::Latest,
            Position::After { sequence, sub_sequence } => {
                PositionForm::After(AfterForm { sequence: sequence.to_string(), sub_sequence })
            }
            Position::End => PositionForm::End,
        };
        Self { shard: Name(shard.to_string()), position, arrival: arrival.map(Time) }
    }
}

impl TryFrom<Form> for Export {
    type Error = String;

    fn try_from(form: Form) -> Result<Self, String> {
        let mut checkpoints = BTreeMap::new();
        for (index, CheckpointForm { shard, position, arrival }) in form.checkpoints.into_iter().enumerate() {
            let checkpoint = Checkpoint { position: position.into(), arrival: arrival.map(|time| time.0) };
            if checkpoints.insert(ShardId::new(shard.0.as_str()), checkpoint).is_some() {
                return Err(format!("checkpoints[{index}].shard: \"{}\" is there twice", shard.0));
            }
        }
        let start = form.start.map(|start| ApplicationStart {
            at: start.at.0,
            shards: start.shards.into_iter().map(|shard| ShardId::new(shard.0)).collect(),
        });
        Ok(Self { application: Application::new(form.application.0, form.stream.0), start, checkpoints })
    }
}

impl From<PositionForm> for Position {
    fn from(form: PositionForm) -> Self {
        match form {
            PositionForm::Beginning => Self::Beginning,
            PositionForm::At(time) => Self::At(time.0),
            PositionForm::Latest => Self::Latest,
            PositionForm::After(AfterForm { sequence, sub_sequence }) => {
                Self::After { sequence: sequence.into(), sub_sequence }
            }
            PositionForm::End => Self::End,
        }
    }
}

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let name = String::deserialize(from)?;
        if name.is_empty() { Err(D::Error::custom("a name is needed")) } else { Ok(Self(name)) }
    }
}

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let text = rfc3339::write(self.0).ok_or_else(|| S::Error::custom("a year has four digits"))?;
        to.serialize_str(&text)
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        rfc3339::read(&String::deserialize(from)?).map(Self).map_err(D::Error::custom)
    }
}

fn version<'de, D: Deserializer<'de>>(from: D) -> Result<u32, D::Error> {
    match u32::deserialize(from)? {
        VERSION => Ok(VERSION),
        other => Err(D::Error::custom(format!("{other} is not known; this program reads version {VERSION}"))),
    }
}

fn sequence<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    let digits = String::deserialize(from)?;
    if SequenceNumber::from(digits.as_str()).is_valid() {
        return Ok(digits);
    }
    Err(D::Error::custom(format!("\"{digits}\" is no number of 1 to 129 digits")))
}
