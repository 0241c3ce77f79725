//! What ciborium makes of an answer in CBOR.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ciborium::Value;

use super::json_oracle::Entry;
use super::told::{Told, ToldRecord, is_sequence, millis, whole};

/// From which number on a time is told in milliseconds.
const LEAST_MILLIS: f64 = 1e11;

/// Reads an answer of GetRecords or an event; `None` where it is none.
pub(super) fn read(cbor: &[u8]) -> Option<Told> {
    let answer = Fields::of(whole_value(cbor)?)?;
    let records = answer.of_list("Records")?;
    let children = match answer.nullable("ChildShards").ok()? {
        Some(children) => children.into_array().ok()?,
        None => Vec::new(),
    };
    let behind = match answer.nullable("MillisBehindLatest").ok()? {
        Some(Value::Integer(number)) => Some(i64::try_from(number).ok()?),
        Some(Value::Float(number)) => Some(whole(number)?),
        Some(_) => return None,
        None => None,
    };
    Some(Told {
        records: records.into_iter().map(record).collect::<Option<_>>()?,
        behind,
        iterator: answer.text("NextShardIterator").ok()?,
        continuation: answer.text("ContinuationSequenceNumber").ok()?.filter(|digits| !digits.is_empty()),
        children: children.into_iter().map(child).collect::<Option<_>>()?,
    })
}

/// Reads an answer of PutRecords; `None` where it is none.
pub(super) fn read_put(cbor: &[u8]) -> Option<Vec<Entry>> {
    let entry = |entry| {
        let fields = Fields::of(entry)?;
        Some(Entry {
            shard_id: fields.text("ShardId").ok()?,
            sequence_number: fields.text("SequenceNumber").ok()?,
            error_code: fields.text("ErrorCode").ok()?,
            error_message: fields.text("ErrorMessage").ok()?,
        })
    };
    Fields::of(whole_value(cbor)?)?.of_list("Records")?.into_iter().map(entry).collect()
}

/// Tells whether all of an answer, what nobody asks for included, could be JSON: keys are texts, and nothing is tagged but
/// times.
pub(super) fn is_sound(cbor: &[u8]) -> bool {
    fn is(value: &Value) -> bool {
        match value {
            Value::Tag(1, inner) => matches!(**inner, Value::Integer(_) | Value::Float(_)),
            Value::Tag(..) => false,
            Value::Array(items) => items.iter().all(is),
            Value::Map(fields) => fields.iter().all(|(name, value)| name.is_text() && is(value)),
            // Whether it was a tag that made it one cannot be seen any more.
            Value::Integer(number) => i64::try_from(*number).is_ok(),
            _ => true,
        }
    }
    whole_value(cbor).is_some_and(|value| is(&value))
}

fn whole_value(mut cbor: &[u8]) -> Option<Value> {
    let value = ciborium::from_reader(&mut cbor).ok()?;
    cbor.is_empty().then_some(value)
}

fn record(record: Value) -> Option<ToldRecord> {
    let fields = Fields::of(record)?;
    let data = match fields.one("Data").ok()?? {
        Value::Bytes(bytes) => bytes,
        Value::Text(text) => STANDARD.decode(text).ok()?,
        _ => return None,
    };
    let time = match fields.nullable("ApproximateArrivalTimestamp").ok()? {
        Some(Value::Tag(1, time)) => Some(time_of(&time)?),
        Some(time) => Some(time_of(&time)?),
        None => None,
    };
    let sequence = fields.one("SequenceNumber").ok()??.into_text().ok()?;
    is_sequence(&sequence).then_some(())?;
    Some(ToldRecord {
        data,
        key: fields.text("PartitionKey").ok()?.filter(|key| !key.is_empty()),
        sequence,
        millis: time,
    })
}

fn time_of(value: &Value) -> Option<u64> {
    let number = match value {
        Value::Integer(number) => i128::from(*number) as f64,
        Value::Float(number) => *number,
        _ => return None,
    };
    millis(if number < LEAST_MILLIS { number } else { number / 1000.0 })
}

fn child(child: Value) -> Option<(String, Vec<String>)> {
    let fields = Fields::of(child)?;
    let id = fields.one("ShardId").ok()??.into_text().ok()?;
    let parents = match fields.one("ParentShards").ok()? {
        Some(parents) => parents.into_array().ok()?,
        None => Vec::new(),
    };
    if let Some(range) = fields.nullable("HashKeyRange").ok()? {
        let range = Fields::of(range)?;
        range.text("StartingHashKey").ok()?;
        range.text("EndingHashKey").ok()?;
    }
    Some((id, parents.into_iter().map(|id| id.into_text().ok()).collect::<Option<_>>()?))
}

/// The fields of a map whose keys are texts.
struct Fields(Vec<(String, Value)>);

/// A field that is there twice, or is something else.
struct Odd;

impl Fields {
    fn of(map: Value) -> Option<Self> {
        let fields = map.into_map().ok()?.into_iter();
        let fields = fields.map(|(name, value)| Some((name.into_text().ok()?, value)));
        Some(Self(fields.collect::<Option<_>>()?))
    }

    fn one(&self, name: &str) -> Result<Option<Value>, Odd> {
        let mut found = self.0.iter().filter(|(field, _)| field == name).map(|(_, value)| value.clone());
        let first = found.next();
        if found.next().is_some() { Err(Odd) } else { Ok(first) }
    }

    fn nullable(&self, name: &str) -> Result<Option<Value>, Odd> {
        Ok(self.one(name)?.filter(|value| !value.is_null()))
    }

    fn text(&self, name: &str) -> Result<Option<String>, Odd> {
        self.nullable(name)?.map(Value::into_text).transpose().map_err(|_| Odd)
    }

    fn of_list(&self, name: &str) -> Option<Vec<Value>> {
        self.one(name).ok()??.into_array().ok()
    }
}
