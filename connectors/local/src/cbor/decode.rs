//! Reading the bodies of requests.

use bytes::Bytes;
use ciborium::Value;
use serde::de::DeserializeOwned;

use super::put;
use crate::error::{Error, ErrorCode};
use crate::ops::{Body, PutRecord, PutRecords};

/// The tag of a time.
const TIME: u64 = 1;

/// A body in CBOR.
pub(crate) struct CborBody<'a>(pub(crate) &'a Bytes);

impl Body for CborBody<'_> {
    fn members<T: DeserializeOwned>(&self) -> Result<T, Error> {
        let failed = |error: &dyn std::fmt::Display| Error::new(ErrorCode::Serialization, error.to_string());
        let mut rest = &self.0[..];
        let value = match rest {
            // Some clients send nothing where they have nothing to say.
            [] => Value::Map(Vec::new()),
            _ => ciborium::from_reader(&mut rest).map_err(|error| failed(&error))?,
        };
        if !rest.is_empty() {
            return Err(failed(&"trailing bytes"));
        }
        to_seconds(value).deserialized().map_err(|error| failed(&error))
    }

    fn put_record(&self) -> Result<PutRecord, Error> {
        put::put_record(self.0)
    }

    fn put_records(&self) -> Result<PutRecords, Error> {
        put::put_records(self.0)
    }
}

/// Turns every time into the seconds that the inputs of operations hold, and takes other tags away.
fn to_seconds(value: Value) -> Value {
    match value {
        Value::Tag(TIME, time) => match *time {
            Value::Integer(millis) => Value::Float(i128::from(millis) as f64 / 1000.0),
            other => other,
        },
        Value::Tag(_, value) => to_seconds(*value),
        Value::Array(values) => Value::Array(values.into_iter().map(to_seconds).collect()),
        Value::Map(members) => {
            Value::Map(members.into_iter().map(|(name, value)| (name, to_seconds(value))).collect())
        }
        other => other,
    }
}
